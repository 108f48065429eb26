"""The figures of the monitoring report, each from the verdicts of the windows."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from runtime import charts
from runtime.incidents import Incident
from runtime.page import table
from runtime.timeline import Axis, Series, timeline

Verdict = Mapping[str, Any]
MOST_COLUMNS = 12
"""How many columns' drift is drawn; what was ever above its bar is drawn in any case."""
MOST_SLICES = 30


@dataclass(frozen=True)
class Drawn:
    """The verdicts in the order of time, the axis that all figures share, and each monitor's alarms."""

    axis: Axis
    verdicts: Sequence[Verdict]
    intervals: Mapping[str, Sequence[tuple[dt.datetime, dt.datetime, Incident]]]

    @property
    def moments(self) -> list[dt.datetime]:
        """Where each window is drawn: in its middle."""
        return [
            moment(verdict["start"]) + (moment(verdict["end"]) - moment(verdict["start"])) / 2
            for verdict in self.verdicts
        ]

    def alarms(self, monitor: str, name: str = "") -> list[tuple[dt.datetime, dt.datetime]]:
        """Return a monitor's alarms: all of them, or those in which something of a name had moved."""
        return [
            (start, end)
            for start, end, incident in self.intervals.get(monitor, ())
            if not name or any(name in (figure.get("column"), figure.get("metric")) for figure in incident.what)
        ]


def moment(text: str) -> dt.datetime:
    """Return a moment of a verdict; without an offset it is in UTC."""
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def drift(drawn: Drawn) -> str:
    """Draw the index of the columns that alarms name, then of those that moved most; a table tells of the rest."""
    found: dict[str, list[Mapping[str, Any] | None]] = {}
    for place, verdict in enumerate(drawn.verdicts):
        for name, one in (verdict.get("drift") or {}).items():
            found.setdefault(name, [None] * len(drawn.verdicts))[place] = one
    if not found:
        return "<p>No window had enough predictions to tell.</p>"

    def worst(name: str) -> tuple[bool, bool, float]:
        known = [one for one in found[name] if one]
        moved = any(one.get("over") for one in known)
        return bool(drawn.alarms("drift", name)), moved, max((_ratio(one) for one in known), default=0.0)

    ordered = sorted(found, key=lambda name: (*worst(name), name), reverse=True)
    chosen = [name for place, name in enumerate(ordered) if place < MOST_COLUMNS or worst(name)[1]]
    parts = []
    for name in chosen:
        known = [one for one in found[name] if one]
        bars = {float(one["bar"]) for one in known if one.get("bar") is not None}
        ways = sorted({f"{one.get('method', 'psi')} against {one.get('against', 'training')}" for one in known})
        over = sum(bool(one.get("over")) for one in known)
        parts.append(
            timeline(
                name,
                drawn.axis,
                drawn.moments,
                [Series("index", [_number(one, "index") for one in found[name]])],
                bars=sorted(bars),
                alarms=drawn.alarms("drift", name),
                note=f"{', '.join(ways)}; over its bar in {over} of {len(known)} windows",
            )
        )
    rest = [(escape(name), f"{worst(name)[1]:.0%} of its bar at most") for name in ordered if name not in chosen]
    more = f"<details><summary>{len(rest)} more columns</summary>{table(('column', 'drift'), rest)}</details>"
    return "".join(parts) + (more if rest else "")


def performance(drawn: Drawn, bars: Mapping[str, tuple[float | None, float | None]]) -> str:
    """Draw each metric, and the business outcome where one was told."""
    names = _names(drawn.verdicts, "performance")
    told = [bar for name in names for bar in bars.get(name, ())]
    names.sort(key=lambda name: (name not in bars, name))
    parts = [
        timeline(
            name,
            drawn.axis,
            drawn.moments,
            [Series(name, [_number(verdict.get("performance"), name) for verdict in drawn.verdicts])],
            bars=[bar for bar in bars.get(name, ()) if bar is not None],
            alarms=drawn.alarms("performance", name),
            floor=None,
        )
        for name in names
        if any(_number(verdict.get("performance"), name) is not None for verdict in drawn.verdicts)
    ]
    outcome = [_number(verdict, "outcome") for verdict in drawn.verdicts]
    if any(value is not None for value in outcome):
        alarms = drawn.alarms("performance", "outcome")
        parts.append(
            timeline("business outcome", drawn.axis, drawn.moments, [Series("outcome", outcome)], alarms=alarms)
        )
    if not parts:
        return "<p>No window had enough labels to tell.</p>"
    return "".join(parts) + ("" if any(bar is not None for bar in told) else '<p class="dim">No bar is set.</p>')


def calibration(verdicts: Sequence[Verdict]) -> str:
    """Draw what came true by what was estimated, all windows together."""
    sums: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for verdict in verdicts:
        for score, share, n in verdict.get("calibration") or ():
            if score is None or share is None or not n:
                continue
            total = sums[min(int(score * 10), 9)]
            total[0] += score * n
            total[1] += share * n
            total[2] += n
    points = [(score / n, share / n) for _, (score, share, n) in sorted(sums.items()) if 0 <= score / n <= 1]
    if not points:
        return "<p>Nothing to compare: no labels of a score between 0 and 1.</p>"
    shapes = [charts.Line([(0.0, 0.0), (1.0, 1.0)], faint=True), charts.Line(points, dots=True)]
    n = int(sum(total[2] for total in sums.values()))
    note = f"{n:,} labels. On the dashed line what is estimated is what comes true."
    shown = charts.chart("calibration", shapes, x="mean score", y="share that came true", note=note, square=True)
    return f'<div class="charts">{shown}</div>'


def quality(drawn: Drawn) -> str:
    """Tell how much of each column was missing, unseen or out of range; draw what was ever over its bar."""
    names = _names(drawn.verdicts, "quality")
    if not names:
        return "<p>No window had enough predictions to tell.</p>"
    rows, parts = [], []
    for name in names:
        told = [(verdict.get("quality") or {}).get(name) for verdict in drawn.verdicts]
        over = sum(bool(one and one.get("over")) for one in told)
        values = {kind: [_number(one, kind) for one in told] for kind in ("missing", "unseen", "outside")}
        if over:
            series = [Series(kind, found, faint=kind != "missing") for kind, found in values.items()]
            parts.append(
                timeline(
                    name,
                    drawn.axis,
                    drawn.moments,
                    series,
                    alarms=drawn.alarms("quality", name),
                    note=f"share missing (line), unseen and outside (dashed); over a bar in {over} windows",
                )
            )
        highest = [max((value for value in found if value is not None), default=None) for found in values.values()]
        style = "error" if over else "good"
        shares = ("unknown" if value is None else f"{value:.1%}" for value in highest)
        rows.append((escape(name), *shares, f'<span class="{style}">{over}</span>'))
    heads = ("column", "missing at most", "unseen at most", "outside at most", "windows over a bar")
    return "".join(parts) + table(heads, rows)


def volumes(drawn: Drawn) -> str:
    """Draw how many predictions there were and how many of them have a label."""
    rows = [_number(verdict, "rows") for verdict in drawn.verdicts]
    labels = [_number(verdict, "labels") for verdict in drawn.verdicts]
    shares = [label / row if row and label is not None else None for row, label in zip(rows, labels, strict=True)]
    counts = [Series("predictions", rows), Series("labels", labels, faint=True)]
    return timeline(
        "predictions", drawn.axis, drawn.moments, counts, note="a window; dashed those with a label"
    ) + timeline("label coverage", drawn.axis, drawn.moments, [Series("share", shares)], note="share with a label")


def latency(drawn: Drawn) -> str:
    """Draw how long the model took."""
    times = [
        Series(name, [_number(verdict.get("milliseconds"), name) for verdict in drawn.verdicts], faint=name != "p95")
        for name in ("p95", "p50")
    ]
    if all(value is None for series in times for value in series.values):
        return "<p>No window tells how long the model took.</p>"
    note = "milliseconds that the model took: 95 in 100 were quicker (dashed: half)"
    return timeline("latency", drawn.axis, drawn.moments, times, note=note)


def slices(verdicts: Sequence[Verdict]) -> str:
    """Tell each slice's metrics over all windows, weighted by their labels, the most frequent first."""
    n: dict[str, float] = defaultdict(float)
    sums: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for verdict in verdicts:
        for name, told in (verdict.get("slices") or {}).items():
            weight = _number(told, "n") or 0.0
            n[name] += weight
            for metric in set(told) - {"n"}:
                if (value := _number(told, metric)) is not None:
                    total = sums[name][metric]
                    total[0] += value * weight
                    total[1] += weight
    if not n:
        return "<p>No slice is watched: name columns under <code>monitoring.performance.slices</code>.</p>"
    metrics = sorted({metric for found in sums.values() for metric in found})
    ordered = sorted(n, key=lambda name: (-n[name], name))[:MOST_SLICES]
    rows = [
        (escape(name), f"{n[name]:,.0f}", *(_mean(sums[name].get(metric)) for metric in metrics)) for name in ordered
    ]
    return table(("slice", "labels", *map(escape, metrics)), rows)


def _mean(total: Sequence[float] | None) -> str:
    return f"{total[0] / total[1]:.3f}" if total and total[1] else "unknown"


def _names(verdicts: Sequence[Verdict], part: str) -> list[str]:
    return sorted({name for verdict in verdicts for name in verdict.get(part) or {}})


def _number(told: Mapping[str, Any] | None, name: str) -> float | None:
    value = (told or {}).get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _ratio(one: Mapping[str, Any]) -> float:
    index, bar = _number(one, "index"), _number(one, "bar")
    return index / bar if index is not None and bar else index or 0.0
