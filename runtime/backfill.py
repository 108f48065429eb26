"""The ledger made whole from what Step Functions remembers of a line's executions, and from the receipts of its runs.

Each event that is missing is put at its own key, so what is known is neither doubled nor changed. Step Functions
remembers an execution for 90 days; the moment of an end is that at which the state machine heard of it, which is later
than what the event said by less than a second. Where a receipt is gone, so are its station's seconds, tests and causes.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runtime import events, failure, items, ledger, projection, receipts
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from runtime.verdict import LONGEST_MESSAGE

STARTS = {f"{name.capitalize()}Started": name for name in (events.WHOLE_RUN, *events.STATIONS)}
ENDS = {f"{name.capitalize()}Verdict": name for name in events.STATIONS}
FAILURE, FINISH = "Failure", "Finish"
"""The states of a run that tell of a station, as ``assembly_line`` names them."""

_CUT_OFF = {"ABORTED": "the execution was stopped by hand", "TIMED_OUT": "the execution ran longer than it may"}


@dataclass
class Filled:
    """What a backfill did: runs that it looked at, events that it put, runs whose records it made."""

    executions: int = 0
    events: int = 0
    records: int = 0


def fill(*, dynamodb: Any, s3: Any, states: Any, table: str, machine: str, lake: str, line: str) -> Filled:
    """Put what is missing of every execution that is remembered, and make the record of every run anew."""
    done = Filled()
    for execution in _executions(states, machine):
        paths = RunPaths(lake=lake, line=line, run=execution["name"])
        done.executions += 1
        told = list(_History(states, s3, paths, execution).events())
        done.events += sum(items.put(dynamodb, table, ledger.item(event)) for event in told)
    for run in sorted({item["run"]["S"] for item in ledger.items(dynamodb, table, line, "RUN#")}):
        projection.project(dynamodb, table, line, run, anew=True)
        done.records += 1
    return done


def _executions(states: Any, machine: str) -> Iterator[dict[str, Any]]:
    for page in states.get_paginator("list_executions").paginate(stateMachineArn=machine):
        yield from page["executions"]


@dataclass
class _History:
    """What one execution tells; ``open`` are the stations that began and have not ended yet."""

    states: Any
    s3: Any
    paths: RunPaths
    execution: Mapping[str, Any]
    open: list[str] = field(default_factory=list)
    is_over: bool = False

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the events of a run as its bus would have had them, in their order."""
        for told in self._told():
            if details := told.get("stateEnteredEventDetails"):
                if station := STARTS.get(details["name"]):
                    yield self._started(station, told["timestamp"])
            elif details := told.get("stateExitedEventDetails"):
                yield from self._left(details["name"], _read(details.get("output")), told["timestamp"])
        yield from self._cut_off()

    def _told(self) -> Iterator[dict[str, Any]]:
        pages = self.states.get_paginator("get_execution_history")
        for page in pages.paginate(executionArn=self.execution["executionArn"], includeExecutionData=True):
            yield from page["events"]

    def _started(self, station: str, at: dt.datetime) -> dict[str, Any]:
        if station != events.WHOLE_RUN:
            self.open.append(station)
        detail = events.started(line=self.paths.line, run=self.paths.run, station=station, at=_text(at))
        kind = events.RUN_STARTED if station == events.WHOLE_RUN else events.STATION_STARTED
        return {"detail-type": kind, "detail": detail}

    def _left(self, state: str, output: Mapping[str, Any], at: dt.datetime) -> Iterator[dict[str, Any]]:
        """Yield what the end of a state tells: a verdict, the failure of a run, or its good end."""
        if state in ENDS and "verdict" in output:
            yield self._finished(ENDS[state], output["verdict"], at)
        elif state == FAILURE and "failure" in output:
            message = str(output["failure"].get("message", ""))
            verdict = {"status": output.get("status", "failed"), "message": message}
            if output.get("station") in events.STATIONS and output["station"] in self.open:
                yield self._finished(output["station"], verdict, at, output.get("error"))
            yield self._over(verdict["status"], message, at)
        elif state == FINISH:
            yield self._over("succeeded", "", at)

    def _finished(
        self, station: str, verdict: Mapping[str, str], at: dt.datetime, error: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        self.open = [one for one in self.open if one != station]
        receipt = receipts.read(self.s3, self.paths, station) or Receipt(station, "succeeded")
        told: Any = {"status": verdict["status"], "message": str(verdict.get("message", ""))[:LONGEST_MESSAGE]}
        detail = events.finished(
            line=self.paths.line,
            run=self.paths.run,
            station=station,
            receipt=replace(receipt, **told),
            at=_text(at),
            error=error,
        )
        return {"detail-type": events.STATION_FINISHED, "detail": detail}

    def _over(self, status: str, message: str, at: dt.datetime) -> dict[str, Any]:
        self.is_over = True
        detail = events.run_finished(
            line=self.paths.line, run=self.paths.run, status=status, message=failure.shortened(message), at=_text(at)
        )
        return {"detail-type": events.RUN_FINISHED, "detail": detail}

    def _cut_off(self) -> Iterator[dict[str, Any]]:
        """Yield how a run ended that could not say so itself; one that never ended is still running."""
        status = self.execution["status"]
        if self.is_over or status not in (*_CUT_OFF, "FAILED"):
            return
        at = self.execution["stopDate"]
        verdict = {"status": "aborted" if status in _CUT_OFF else "failed", "message": _CUT_OFF.get(status, "")}
        for station in list(self.open):
            yield self._finished(station, verdict, at)
        yield self._over(verdict["status"], verdict["message"] or "the run ended without being recorded", at)


def _read(output: str | None) -> dict[str, Any]:
    found = json.loads(output) if output else {}
    return found if isinstance(found, dict) else {}


def _text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds")
