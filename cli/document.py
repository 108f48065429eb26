"""The document that ``line run --json`` prints: built from receipts, the ledger and what came back, never made up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.execution import Execution, Outcome
from cli.world import World
from runtime.attempts import Attempt
from runtime.events import SEVERITIES, severities
from runtime.ledger import Entry
from runtime.promotion import Champion
from runtime.receipts import Receipt


@dataclass(frozen=True)
class Account:
    """Everything that is known of a run: what its stations wrote, and what could be seen from outside."""

    execution: Execution
    outcome: Outcome
    environment: str
    receipts: Mapping[str, Receipt]
    champion: Champion | None
    """The model in service after the run, as the ledger's pointer names it."""
    outputs: Mapping[str, str]
    grants: Mapping[str, int]
    world: World = field(default_factory=World)
    attempts: Sequence[Attempt] = ()
    """The trainings of its sweep."""
    memory: Mapping[str, float] = field(default_factory=dict)
    """The most memory that a job of each station held, in megabytes, where jobs did its work."""


def document(account: Account) -> dict[str, Any]:
    """Return the run as one JSON document."""
    return {
        "line": account.execution.line,
        "environment": account.environment,
        "run": account.execution.run,
        "status": account.outcome.status,
        "seconds": round(account.outcome.seconds, 3),
        "stations": [_station(account, entry) for entry in account.outcome.stations],
        "trainings": [_training(attempt) for attempt in account.attempts],
        "inspections": _total(account.receipts.values()),
        "model": _model(account),
        "delivered": _delivered(account),
        "monitoring": {
            "drift": _outputs(account, "monitoring").get("drift", {}),
            "performance": _performance(account),
        },
        "grants": dict(account.grants),
    }


def findings(account: Account) -> list[dict[str, Any]]:
    """Return the tests that did not pass, each with the station that ran it."""
    return [
        {"station": name, **result}
        for name, receipt in account.receipts.items()
        for result in receipt.inspections
        if not result["passed"]
    ]


def _station(account: Account, entry: Entry) -> dict[str, Any]:
    receipt = account.receipts.get(entry.station)
    shown: dict[str, Any] = {"station": entry.station, "status": entry.status, "seconds": round(entry.seconds, 3)}
    if entry.station in account.memory:
        shown["memory_mb"] = account.memory[entry.station]
    if entry.message:
        shown["message"] = entry.message
    if receipt is not None:
        shown["inspections"] = severities(receipt)
        if entry.station == "training":
            figures = ("variant", "rows", "baselines")
            shown |= {name: receipt.outputs[name] for name in figures if name in receipt.outputs}
    return shown


def _training(attempt: Attempt) -> dict[str, Any]:
    """A training's seconds, and those of them that its train.py took."""
    return {"variant": attempt.variant, "seconds": attempt.seconds, "fit_seconds": attempt.fit_seconds}


def _total(receipts: Iterable[Receipt]) -> dict[str, int]:
    each = [severities(receipt) for receipt in receipts]
    return {severity: sum(counts[severity] for counts in each) for severity in SEVERITIES}


def _model(account: Account) -> dict[str, Any]:
    """The model in service; while there is none, the challenger that did not get there."""
    if account.champion is not None:
        return {
            "version": account.champion.version,
            "role": "champion",
            "metrics": dict(account.champion.metrics),
        }
    metrics = _outputs(account, "training").get("metrics")
    return {"version": None, "role": "challenger" if metrics else None, "metrics": metrics or {}}


def _delivered(account: Account) -> dict[str, Any]:
    """What the channels carried; ``s3`` and ``topic`` are of the first channel of their kind."""
    receipt = _outputs(account, "delivery")
    channels: Mapping[str, Mapping[str, Any]] = receipt.get("channels", {})
    first: dict[str, Mapping[str, Any]] = {}
    for outputs in channels.values():
        first.setdefault(outputs["kind"], outputs)
    return {
        "table": receipt.get("table", 0),
        "s3": first.get("files", {}).get("s3"),
        "topic": first.get("topic", {}).get("count", 0),
        "queue": min(account.world.queues.values(), default=0),
        "rest": account.outputs.get("RestUrl"),
        "channels": {name: dict(outputs) for name, outputs in channels.items()},
    }


def _performance(account: Account) -> dict[str, Any]:
    measured = account.world.performance
    return {"n": measured.n, **measured.metrics} if measured is not None else {}


def _outputs(account: Account, station: str) -> dict[str, Any]:
    receipt = account.receipts.get(station)
    return receipt.outputs if receipt is not None else {}
