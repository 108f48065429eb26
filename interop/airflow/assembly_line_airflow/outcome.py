"""How a run ended, from its execution and its stations' receipts: small, and references only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict

from assembly_line_airflow.names import GATE, STATIONS

Status = Literal["succeeded", "flagged", "waiting", "halted", "failed"]
"""``flagged``: a test warned and the run went on; ``waiting``: it ended early, until a person approves its version."""


class Started(TypedDict):
    """A run, as the task that started it tells the tasks behind it."""

    line: str
    run: str
    execution_arn: str
    lake: str


class Outcome(Started):
    """A run that has ended."""

    status: Status
    message: str
    """Why it halted or failed, in one line with the mend; empty otherwise."""
    promoted: bool
    """Whether this run put its version into production."""
    version: int | None
    """The version that is in production after the run; None: there is none."""
    waiting: int | None
    """The version of this run that waits for approval."""
    stations: dict[str, str]
    """Each station that ended -> how."""
    receipts: str
    """URI of the folder in which each station says what it did."""


def outcome(started: Started, described: Mapping[str, Any], read: Callable[[str], dict[str, Any] | None]) -> Outcome:
    """Return how a run ended: ``described`` is its execution, ``read`` gives a receipt by its name."""
    receipts = {name: found for name in STATIONS if (found := read(name)) is not None}
    stations = {name: str(receipt["status"]) for name, receipt in receipts.items()}
    release: Mapping[str, Any] = receipts.get("release", {})
    outputs = release.get("outputs", {})
    status = _status(described, stations)
    return {
        **started,
        "status": status,
        "message": _message(described) if status in ("halted", "failed") else "",
        "promoted": _promoted(release, read(GATE) or {}),
        "version": outputs.get("version") if outputs.get("role") == "champion" else None,
        "waiting": outputs.get("waiting"),
        "stations": stations,
        "receipts": f"s3://{started['lake']}/runs/{started['line']}/{started['run']}/",
    }


def _status(described: Mapping[str, Any], stations: Mapping[str, str]) -> Status:
    if described["status"] == "SUCCEEDED":
        worse: tuple[Status, ...] = ("waiting", "flagged")
        return next((status for status in worse if status in stations.values()), "succeeded")
    return "halted" if described.get("error") == "Halted" else "failed"


def _message(described: Mapping[str, Any]) -> str:
    match described["status"]:
        case "ABORTED":
            return described.get("cause") or "it was stopped: clear the task that starts it to run the line again"
        case "TIMED_OUT":
            return "it took longer than a run may: see which station is the last in its receipts"
    return described.get("cause") or described.get("error") or "no reason was given: see the execution's history"


def _promoted(release: Mapping[str, Any], gate: Mapping[str, Any]) -> bool:
    """A release that keeps the champion, or whose version waits, may be flagged as well: its gate tells them apart."""
    let_through = gate.get("outputs", {}).get("decision") == "promote"
    ended_well = release.get("status") in ("succeeded", "flagged")
    return let_through and ended_well and "waiting" not in release.get("outputs", {})
