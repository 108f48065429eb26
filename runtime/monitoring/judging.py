"""Judging windows that are over: a verdict each, the monitors' states, and what has to be told of them.

A window's state, verdict and news are written in this order, and then the window is called judged. A judge that dies in
between, or that runs beside another, is followed by one that finds the window as it was, and changes nothing twice: a
monitor looks at each window once, and a transition is an item that is written together with the state that it led to.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from config.monitors import MONITORS, Monitor
from runtime import performance
from runtime.drift import Histogram
from runtime.monitoring import figures, judge, monitors, sketch, verdicts, windows
from runtime.monitoring.figures import Rules, Stand
from runtime.monitoring.monitors import Ledger, News
from runtime.monitoring.sketch import Sketch
from runtime.monitoring.store import Store, moment_of, start_of
from runtime.monitoring.verdicts import Verdict

WEEK = dt.timedelta(days=7)
ATTEMPTS = 5


@dataclass(frozen=True)
class Judge:
    """What judging needs; ``reference`` gives the bins of an artefact by its URI, or None where they are gone."""

    store: Store
    ledger: Ledger
    rules: Rules
    reference: Callable[[str], Mapping[str, Histogram] | None]


@dataclass
class Judged:
    """The verdicts of one look, in order of time; those on windows that were judged before are ``again``."""

    verdicts: list[Verdict] = field(default_factory=list)
    again: list[Verdict] = field(default_factory=list)


@dataclass(frozen=True)
class Span:
    """A window in time."""

    start: str
    end: dt.datetime


def due(judge_: Judge, now: dt.datetime) -> dict[Span, str]:
    """Return the windows, in order, that are over and for which something came since they were judged.

    One by count is over when it is full, whatever the clock says.
    """
    by_count = judge_.store.count > 0
    late = dt.timedelta(hours=judge_.rules.monitoring["lateness_hours"])
    found, ends = windows.starts(judge_.store, dirty=True), windows.ends(judge_.store)
    return {
        Span(start, ends[start]): token
        for start, token in found.items()
        if start in ends and (by_count or ends[start] <= now - late)
    }


def look(judge_: Judge, now: dt.datetime) -> Judged:
    """Judge every window that is due at ``now``, the oldest first."""
    judged = Judged()
    for span, token in due(judge_, now).items():
        verdict, again = _judge(judge_, span, now)
        (judged.again if again else judged.verdicts).append(verdict)
        windows.clean(judge_.store, span.start, token)
    return judged


def _judge(judge_: Judge, span: Span, now: dt.datetime) -> tuple[Verdict, bool]:
    store, start = judge_.store, span.start
    verdict, stands = measure(judge_, span)
    earlier = verdicts.find(store.dynamodb, store.windows, store.line, start)
    states = _stepped(judge_, span, stands, now)
    told = {
        monitor: earlier.monitors[monitor] if earlier is not None and state.judged != start else state.status
        for monitor, state in states.items()
    }
    verdict = replace(verdict, monitors=told)
    verdicts.write(store, verdict, now)
    return verdict, earlier is not None


def measure(judge_: Judge, span: Span) -> tuple[Verdict, dict[Monitor, Stand]]:
    """Return what a window says by now, without judging it."""
    store, rules, start = judge_.store, judge_.rules, span.start
    window = windows.read(store, start)
    artefact, now = max(window.sketches.items(), key=lambda one: one[1]["n"], default=("", sketch.merge([])))
    reference = (judge_.reference(artefact) if artefact else None) or {}
    found = _drift(judge_, reference, span, artefact, now) if reference else {}
    quality = figures.quality(rules, reference, now) if reference else {}
    counters = window.counters
    verdict = Verdict(
        line=store.line,
        start=start,
        end=span.end.strftime("%Y-%m-%dT%H:%MZ"),
        rows=window.rows,
        labels=figures.labels(counters),
        drift=found,
        quality=quality,
        performance=figures.measured(counters, rules.task) if counters else {},
        calibration=performance.calibration(counters.get("", {})) if rules.task == "binary" else [],
        slices=figures.slices(counters, rules.task),
        outcome=figures.outcome(counters),
        milliseconds={f"p{int(share * 100)}": sketch.quantile(now, share) for share in (0.5, 0.95, 0.99)},
    )
    return verdict, {
        "drift": figures.drift_stand(rules, found, now["n"]),
        "quality": figures.quality_stand(rules, reference, quality, now["n"]),
        "performance": figures.performance_stand(rules, counters),
    }


def _drift(judge_: Judge, reference: Mapping[str, Histogram], span: Span, artefact: str, now: Sketch) -> dict[str, Any]:
    """Return the drift of a window, of columns that say so together with the windows before it."""
    store, rules = judge_.store, judge_.rules
    before = None
    if "last_week" in rules.monitoring["drift"]["against"] and (earlier := _a_week_before(store, span.start)):
        there = windows.sketched(store, earlier).get(artefact)
        before = there and _widened(judge_, earlier, artefact, there)
    return figures.drift(rules, reference, _widened(judge_, span.start, artefact, now), before)


def _widened(judge_: Judge, start: str, artefact: str, now: Sketch) -> Sketch:
    """Return a window's sketch, in which columns that span several windows have the counts of all of these."""
    widths = judge_.rules.widths()
    if not widths:
        return now
    earlier = windows.before(judge_.store, start, max(widths.values()) - 1)
    sketches = [now, *(windows.sketched(judge_.store, one).get(artefact, sketch.merge([])) for one in earlier)]
    columns = dict(now["columns"])
    for width in set(widths.values()):
        merged = sketch.merge(sketches[:width], now["reference"])["columns"]
        columns |= {name: merged[name] for name, its in widths.items() if its == width and name in merged}
    return {**now, "columns": columns}


def _a_week_before(store: Store, start: str) -> str | None:
    """Return the window of the same hours a week before; windows by count have none."""
    if store.count:
        return None
    try:
        return start_of(moment_of(start) - WEEK, store.hours)
    except OverflowError:
        return None


def _stepped(judge_: Judge, span: Span, stands: Mapping[Monitor, Stand], now: dt.datetime) -> dict[str, judge.State]:
    """Let each monitor see a window, keep their states with the news, and return the states."""
    for _ in range(ATTEMPTS):
        kept = monitors.read(judge_.ledger, judge_.store.line)
        changed: dict[Monitor, monitors.Kept] = {}
        news: list[News] = []
        for monitor in MONITORS:
            stand = stands[monitor]
            window = judge.Window(span.start, stand.sample, stand.standing, held=_held(judge_, span, now))
            state, transition = _step(judge_.rules, monitor, kept[monitor].state, window)
            if state != kept[monitor].state:
                changed[monitor] = replace(kept[monitor], state=state)
            if transition is not None:
                news.append(
                    monitors.news(
                        judge_.ledger, monitors.Subject(judge_.store.line, monitor, span.end), transition, stand
                    )
                )
        if monitors.write(judge_.ledger, judge_.store.line, changed, news):
            return {monitor: changed.get(monitor, kept[monitor]).state for monitor in MONITORS}
    raise RuntimeError(f"the monitors of line {judge_.store.line} were changed by others all the time: try again")


def _step(
    rules: Rules, monitor: Monitor, state: judge.State, window: judge.Window
) -> tuple[judge.State, judge.Transition | None]:
    said = rules.monitoring
    minimum = said["performance" if monitor == "performance" else "drift"]["minimum_sample"]
    if monitor == "performance" and (window.sample < minimum or window.standing is None):
        return state, None  # its labels are still to come: it is judged when they are there, unless a later one is
    rule = judge.Rule(at_least=said["alarm"]["at_least"], of=said["alarm"]["of"], minimum_sample=minimum)
    return judge.step(state, window, rule)


def _held(judge_: Judge, span: Span, now: dt.datetime) -> bool:
    """Whether the line is in maintenance now, or was when the window became due."""
    late = dt.timedelta(hours=judge_.rules.monitoring["lateness_hours"])
    moments = (now, span.end + late)
    return any(moment in pause for pause in _maintenance(judge_.rules.monitoring) for moment in moments)


@dataclass(frozen=True)
class _Pause:
    start: dt.datetime
    end: dt.datetime
    every: dt.timedelta | None

    def __contains__(self, moment: object) -> bool:
        assert isinstance(moment, dt.datetime)  # noqa: S101
        since = moment - self.start
        if self.every is not None and since >= dt.timedelta():
            since %= self.every
        return dt.timedelta() <= since < self.end - self.start


def _maintenance(said: Mapping[str, Any]) -> Iterator[_Pause]:
    periods = {"day": dt.timedelta(days=1), "week": WEEK, None: None}
    for one in said["maintenance"]:
        start, end = (dt.datetime.fromisoformat(one[name]) for name in ("start", "end"))
        yield _Pause(start, end, periods[one["every"]])
