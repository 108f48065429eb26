"""One execution of a line's state machine: started under a fresh name, followed to its end."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime import ledger
from runtime.ledger import Entry

_SECONDS_BETWEEN_LOOKS = 0.3
_SECONDS_FOR_THE_LEDGER = 5.0


@dataclass(frozen=True)
class Execution:
    """``run`` is the execution's name, which is the run's id."""

    line: str
    run: str
    arn: str


@dataclass(frozen=True)
class Outcome:
    """How an execution ended: ``status`` is succeeded, waiting (for an approval), halted or failed.

    ``cause`` says why it did not succeed.
    """

    status: str
    seconds: float
    stations: list[Entry]
    cause: str = ""


def run_name() -> str:
    """Return a fresh run id that sorts by time, e.g. ``run-20260131-142501-9f3a``."""
    return f"run-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def start(
    stepfunctions: Any, *, machine: str, line: str, given: Mapping[str, object], force: Sequence[str] = ()
) -> Execution:
    """Start the line's state machine with the run's own parameter values, and the stations that it must not skip."""
    run = run_name()
    body = json.dumps({"line": line, "parameters": given, "force": list(force)}, default=str)
    answer = stepfunctions.start_execution(stateMachineArn=machine, name=run, input=body)
    return Execution(line=line, run=run, arn=answer["executionArn"])


def follow(
    stepfunctions: Any,
    dynamodb: Any,
    *,
    table: str,
    execution: Execution,
    show: Callable[[list[Entry]], None],
) -> Outcome:
    """Wait for the execution's end, showing its stations as the ledger knows them.

    An interrupt stops the execution before it goes on to the caller.
    """
    try:
        while (described := stepfunctions.describe_execution(executionArn=execution.arn))["status"] == "RUNNING":
            show(ledger.stations(dynamodb, table, execution.line, execution.run))
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    except KeyboardInterrupt:
        stepfunctions.stop_execution(
            executionArn=execution.arn, error="Interrupted", cause="the user interrupted the run"
        )
        raise
    stations = _settled(dynamodb, table, execution)
    show(stations)
    return Outcome(
        status=_status(described, stations),
        seconds=(described["stopDate"] - described["startDate"]).total_seconds(),
        stations=stations,
        cause=described.get("cause", ""),
    )


def _settled(dynamodb: Any, table: str, execution: Execution) -> list[Entry]:
    """The ledger hears of a station by events, so the last of them may come a moment after the execution's end."""
    deadline = time.monotonic() + _SECONDS_FOR_THE_LEDGER
    while True:
        stations = ledger.stations(dynamodb, table, execution.line, execution.run)
        if time.monotonic() > deadline or (stations and all(entry.status != "running" for entry in stations)):
            return stations
        time.sleep(0.1)


def _status(described: Mapping[str, Any], stations: Sequence[Entry]) -> str:
    if described["status"] == "SUCCEEDED":
        return "waiting" if any(entry.status == "waiting" for entry in stations) else "succeeded"
    return "halted" if described.get("error") == "Halted" else "failed"
