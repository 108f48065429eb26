"""Figures over time as inline SVG: lines with gaps, bars not to pass, stretches of alarm, moments worth a mark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import NamedTuple

WIDTH, HEIGHT = 720, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 14, 24
_MOST_DATES = 6


class Series(NamedTuple):
    """A line; a value that is not known is a gap in it. ``faint`` ones are there to compare with."""

    name: str
    values: Sequence[float | None]
    faint: bool = False


class Mark(NamedTuple):
    """A moment; ``text`` is short, ``tells`` a sentence for who points at it."""

    at: dt.datetime
    text: str
    tells: str


@dataclass(frozen=True)
class Axis:
    """The stretch of time that all charts of a page share, and what lies on it whatever is drawn."""

    start: dt.datetime
    end: dt.datetime
    marks: Sequence[Mark] = field(default_factory=list)

    def x(self, moment: dt.datetime) -> float:
        """Return how far to the right a moment is drawn."""
        share = (moment - self.start) / max(self.end - self.start, dt.timedelta(seconds=1))
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * min(max(share, 0.0), 1.0)


def timeline(
    title: str,
    axis: Axis,
    moments: Sequence[dt.datetime],
    series: Sequence[Series],
    *,
    bars: Sequence[float] = (),
    alarms: Sequence[tuple[dt.datetime, dt.datetime]] = (),
    note: str = "",
    floor: float | None = 0.0,
) -> str:
    """Return a figure of values at moments; ``bars`` are drawn across, ``alarms`` behind; ``floor`` is always in it."""
    known = [value for one in series for value in one.values if value is not None]
    held = [*known, *bars, *([] if floor is None else [floor])] or [0.0]
    low, high = min(held), max(held)
    high = high if high > low else low + 1.0

    def y(value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * (value - low) / (high - low)

    drawn = [*_alarms(axis, alarms), *_frame(axis, low, high, y(low)), *_marks(axis)]
    drawn += [f'<path class="bound" d="M{_LEFT} {y(bar):.1f}H{WIDTH - _RIGHT}"/>' for bar in bars]
    for one in series:
        drawn += _line(axis, moments, one, y)
    said = _said(title, series, bars, alarms)
    caption = f"<b>{escape(title)}</b> {escape(note)}".strip()
    return (
        f'<figure class="time"><figcaption>{caption}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}">{"".join(drawn)}</svg></figure>'
    )


def _line(axis: Axis, moments: Sequence[dt.datetime], series: Series, y: Callable[[float], float]) -> Iterator[str]:
    """Yield a line for each stretch without a gap; one value alone is a dot."""
    points = zip(moments, series.values, strict=True)
    for is_known, stretch in groupby(points, key=lambda point: point[1] is not None):
        placed = [f"{axis.x(moment):.1f},{y(value):.1f}" for moment, value in stretch if value is not None]
        if not is_known:
            continue
        kind = "faint" if series.faint else "line"
        if len(placed) == 1:
            across, _, up = placed[0].partition(",")
            yield f'<circle cx="{across}" cy="{up}" r="2"/>'
        else:
            yield f'<polyline class="{kind}" points="{" ".join(placed)}"/>'


def _frame(axis: Axis, low: float, high: float, floor: float) -> Iterator[str]:
    yield f'<path class="axis" d="M{_LEFT} {_TOP}V{floor:.1f}H{WIDTH - _RIGHT}"/>'
    yield f'<text x="{_LEFT - 5}" y="{_TOP + 9}" text-anchor="end">{_short(high)}</text>'
    yield f'<text x="{_LEFT - 5}" y="{floor:.1f}" text-anchor="end">{_short(low)}</text>'
    step = (axis.end - axis.start) / _MOST_DATES
    form = "%Y-%m-%d" if step >= dt.timedelta(days=1) else "%d %H:%M"
    for i in range(_MOST_DATES + 1):
        moment = axis.start + i * step
        anchor = "start" if i == 0 else "end" if i == _MOST_DATES else "middle"
        yield f'<text x="{axis.x(moment):.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{moment.strftime(form)}</text>'


def _alarms(axis: Axis, alarms: Sequence[tuple[dt.datetime, dt.datetime]]) -> Iterator[str]:
    for start, end in alarms:
        if end < axis.start or start > axis.end:
            continue
        across = axis.x(start)
        yield (
            f'<rect class="alarm" x="{across:.1f}" y="{_TOP}" width="{max(axis.x(end) - across, 2):.1f}" '
            f'height="{HEIGHT - _TOP - _BOTTOM}"><title>alarm from {start:%Y-%m-%d} to {end:%Y-%m-%d}</title></rect>'
        )


def _marks(axis: Axis) -> Iterator[str]:
    for mark in axis.marks:
        if not axis.start <= mark.at <= axis.end:
            continue
        across = axis.x(mark.at)
        anchor = "end" if across > WIDTH / 2 else "start"
        yield (
            f'<g class="mark"><path d="M{across:.1f} {_TOP}V{HEIGHT - _BOTTOM}"/>'
            f'<text x="{across:.1f}" y="{_TOP - 3}" text-anchor="{anchor}">{escape(mark.text)}</text>'
            f"<title>{escape(mark.tells)}</title></g>"
        )


def _said(
    title: str,
    series: Sequence[Series],
    bars: Sequence[float],
    alarms: Sequence[tuple[dt.datetime, dt.datetime]],
) -> str:
    """Return what the picture shows, for who cannot see it."""
    told = []
    for one in series:
        known = [value for value in one.values if value is not None]
        if known:
            told.append(f"{one.name} from {_short(min(known))} to {_short(max(known))}, last {_short(known[-1])}")
    told += [f"bar {_short(bar)}" for bar in bars]
    told += [f"alarm from {start:%Y-%m-%d} to {end:%Y-%m-%d}" for start, end in alarms]
    return f"{title} over time: {'; '.join(told) or 'nothing known'}"


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1e5 else f"{value:.1e}"
