"""``line replay``: days of a line's past, streamed through everything that lives on predictions."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.order import Order, take_order
from cli.progress import Progress
from cli.replay_past import DAY, Stretch, past
from cli.replay_show import Days, show
from cli.replay_stream import Stream
from cli.run import carry_out, site_and_sample
from cli.sample import Sample
from cli.site import ClockedSite, Site, stack_of
from config.errors import LineError
from config.line import Line
from runtime import incidents, ledger, promotion
from runtime.incidents import Incident
from runtime.monitoring import history, verdicts
from runtime.monitoring.history import Event
from runtime.monitoring.store import start_of

_SECONDS_BETWEEN_LOOKS = 0.3


@dataclass
class Replayed:
    """What came of it."""

    stream: Stream
    alarms: list[Incident] = field(default_factory=list)
    retrainings: list[Event] = field(default_factory=list)
    seconds: float = 0.0


def replay_line(line: str, stretch: Stretch, *, given: Sequence[str], output: Path | None, as_json: bool) -> int:
    """Replay the stretch in the ``line up`` that runs, or in an embedded AWS of its own, and tell what came of it."""
    from cli.report import write_report

    order = take_order(line, given=given)
    began = time.monotonic()
    path = output or Path(f"{line}-report.html")
    with Progress() as progress, site_and_sample(order, port=None, progress=progress) as (site, its_sample):
        _with_a_champion(order, site, its_sample, progress)
        progress.phase("reading the past of the line from its offline store")
        progress.pause()
        replayed = replay(order, site, stretch)
        write_report(order.bundle.definition, site, first=stretch.first, last=stretch.end, path=path)
        problems = site.problems()
    replayed.seconds = time.monotonic() - began
    if as_json:
        print(json.dumps(document(replayed, stretch, path), indent=2, default=str))
    else:
        show(replayed, stretch, path, problems=problems)
    return 0


def replay(order: Order, site: ClockedSite, stretch: Stretch) -> Replayed:
    """Stream the days, one after another; the embedded AWS's clock is set back to the machine's at the end."""
    outputs = site.outputs(order.line)
    stream = Stream(site=site, outputs=outputs, line=order.bundle.definition)
    replayed = Replayed(stream=stream)
    dynamodb, table = site.client("dynamodb"), outputs["LedgerTable"]
    look = _Look(dynamodb, table, order.line)
    schedules = _schedules(site, order.line)
    site.set_clock(stretch.first)
    try:
        with past(order, site, outputs, stretch) as days, Days(stretch.days) as shown_days:
            for day, rows in days:
                began = time.monotonic()
                stream.day(rows, day + DAY)
                _on(site, day + DAY, schedules)
                _wait_for_runs(site, outputs, order.line, shown_days)
                look.at(replayed)
                moved = look.moved(outputs["WindowsTable"], order.bundle.definition, day + DAY)
                shown_days.day(day, stream, replayed.alarms, replayed.retrainings, moved)
                if stretch.speed is not None:
                    time.sleep(max(DAY.total_seconds() / stretch.speed - (time.monotonic() - began), 0))
            late = stretch.end + dt.timedelta(hours=order.bundle.definition.monitoring.lateness_hours, minutes=30)
            stream.tell(late)
            _on(site, late, schedules)
            _wait_for_runs(site, outputs, order.line, shown_days)
            look.at(replayed)
    finally:
        site.set_clock(None)
    return replayed


def document(replayed: Replayed, stretch: Stretch, path: Path) -> dict[str, Any]:
    """Return what came of it as JSON has it."""
    return {
        "line": replayed.stream.line.line,
        "from": stretch.first.date().isoformat(),
        "to": (stretch.end - DAY).date().isoformat(),
        "sample": stretch.sample,
        "predictions": replayed.stream.predictions,
        "labels": replayed.stream.labels,
        "alarms": [vars(one) | {"moved": one.moved} for one in replayed.alarms],
        "retrainings": [vars(one) for one in replayed.retrainings],
        "report": str(path.resolve()),
        "seconds": round(replayed.seconds, 1),
    }


def _with_a_champion(order: Order, site: Site, its_sample: Sample, progress: Progress) -> None:
    """Run the line once if it has no champion yet; raises LineError when it has none then."""
    dynamodb, table = site.client("dynamodb"), site.outputs(order.line)["LedgerTable"]
    if promotion.champion(dynamodb, table, order.line) is not None:
        return
    progress.phase(f"{order.line} has no champion yet: running it once")
    outcome = carry_out(order, site=site, its_sample=its_sample, progress=progress).outcome
    if promotion.champion(dynamodb, table, order.line) is None:
        raise LineError(
            f"line {order.line!r} has no champion that could score: its run was {outcome.status}"
            f"{f' ({outcome.cause})' if outcome.cause else ''}: mend it with `line run {order.line}`, then replay"
        )


def _schedules(site: Site, line: str) -> list[str]:
    """Return the names of the line's rules that call functions: its monitors, and what starts its runs.

    Its other schedules start jobs, e.g. the maintenance of tables, which live by the machine's clock.
    """
    events, found = site.client("events"), []
    for page in events.get_paginator("list_rules").paginate(NamePrefix=stack_of(line)):
        for rule in page["Rules"]:
            if rule.get("ScheduleExpression"):
                targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
                if all(":lambda:" in target["Arn"] for target in targets):
                    found.append(rule["Name"])
    return found


def _on(site: ClockedSite, to: dt.datetime, schedules: Sequence[str]) -> None:
    """Advance the clock, and let each schedule fire for the last time that it came due on the way."""
    site.advance(to, last=1, only=schedules)


def _wait_for_runs(site: Site, outputs: Mapping[str, str], line: str, days: Days) -> None:
    """Wait for the runs that something started: what comes next is scored by whichever version is then there."""
    stepfunctions, dynamodb = site.client("stepfunctions"), site.client("dynamodb")
    while running := _running(stepfunctions, outputs["StateMachineArn"]):
        days.running(running, ledger.stations(dynamodb, outputs["LedgerTable"], line, running))
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _running(stepfunctions: Any, machine: str) -> str:
    found = stepfunctions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    return str(found[0]["name"]) if found else ""


class _Look:
    """Looks at what the ledger has of alarms and retrainings that was not in it at the beginning."""

    def __init__(self, dynamodb: Any, table: str, line: str) -> None:
        self._place = (dynamodb, table, line)
        self._alarms, self._retrainings = self._now()

    def at(self, replayed: Replayed) -> None:
        alarms, retrainings = self._now()
        replayed.alarms = [one for one in alarms if one not in self._alarms]
        replayed.retrainings = [one for one in retrainings if one.name not in {e.name for e in self._retrainings}]

    def moved(self, windows: str, line: Line, now: dt.datetime) -> tuple[str, float] | None:
        """Return the column that moved most in the last window that is due, and how far; None where none was told."""
        dynamodb, _, name = self._place
        hours = line.monitoring.window.hours
        if hours is None:
            return None
        start = now - dt.timedelta(hours=hours + line.monitoring.lateness_hours)
        verdict = verdicts.find(dynamodb, windows, name, start_of(start, hours))
        indices = {column: float(one["index"]) for column, one in verdict.drift.items()} if verdict else {}
        return max(indices.items(), key=lambda pair: pair[1], default=None)

    def _now(self) -> tuple[list[Incident], list[Event]]:
        events = [event for event in history.events(*self._place) if event.kind == "retraining"]
        return incidents.every(*self._place), events
