"""Throughput: both journeys, the bottleneck with its evidence, and what a faster station would gain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.throughput import Books, innovation_of, value_of
from config.errors import LineError
from console.actions import Action
from console.place import Place
from console.render import html, page
from runtime.charts import bar
from runtime.throughput.flow import Week
from runtime.throughput.innovation import InnovationJourney
from runtime.throughput.value import ValueJourney
from runtime.throughput.words import says
from runtime.timeline import Axis, Series, timeline

TITLE, PATH = "Throughput", "/throughput"
ACTIONS: tuple[Action, ...] = ()
RANGES = {"7": "week", "30": "month", "90": "quarter", "365": "year", "": "all time"}
"""Days that are looked at, as the address says them, and their names."""
_DEFAULT = "90"
_MOST_LINES = 50
_SECONDS_KEPT = 30.0


@dataclass(frozen=True)
class Journey:
    """A line's value journey; None before its first run in the range. ``lacks`` says why it could not be read."""

    line: str
    value: ValueJourney | None = None
    lacks: str = ""


def routes() -> list[Route]:
    return [Route(PATH, show), Route(PATH + "/{line}", show_line)]


def show(request: Request) -> Response:
    place: Place = request.app.state.place
    days = _days(request)
    names = place.lines()
    journeys = [journey(place, line, days) for line in names[:_MOST_LINES]]
    return page(
        request,
        "throughput.html",
        title=TITLE,
        journeys=journeys,
        others=names[_MOST_LINES:],
        ideas=innovation(place, names, days),
        days=days,
        ranges=RANGES,
    )


def show_line(request: Request) -> Response:
    place: Place = request.app.state.place
    days = _days(request)
    found = journey(place, request.path_params["line"], days)
    drawn = charts(found.value) if found.value else []
    return page(
        request,
        "throughput_line.html",
        title=f"Throughput of {found.line}",
        found=found,
        days=days,
        ranges=RANGES,
        charts=drawn,
        longest=_longest(found.value),
        bar=_bar,
        says=says,
    )


def journey(place: Place, line: str, days: str) -> Journey:
    """Return a line's journey over the last days; what stands in the way is said in its place."""
    try:
        return place.kept(f"throughput/{line}/{days}", lambda: _read(place, line, days), seconds=_SECONDS_KEPT)
    except (LineError, ClientError, BotoCoreError) as error:
        return Journey(line, lacks=str(error))


def innovation(place: Place, names: list[str], days: str) -> InnovationJourney | str:
    """Return the journey of changes into this environment over the last days, or why it cannot be read."""

    def read() -> InnovationJourney:
        now = dt.datetime.now(dt.UTC)
        return innovation_of(_books(place), names, now=now, since=_since(days, now), until=now)

    try:
        return place.kept(f"innovation/{days}", read, seconds=_SECONDS_KEPT)
    except (LineError, ClientError, BotoCoreError) as error:
        return str(error)


def _read(place: Place, line: str, days: str) -> Journey:
    now = dt.datetime.now(dt.UTC)
    return Journey(line, value_of(_books(place), line, now=now, since=_since(days, now), until=now))


def _books(place: Place) -> Books:
    outputs = place.foundation()
    if "LedgerTable" not in outputs:
        raise LineError(f"environment {place.environment!r} has no ledger yet: deploy it")
    return Books(place.client("dynamodb"), outputs["LedgerTable"], place.environment)


def _since(days: str, now: dt.datetime) -> dt.datetime | None:
    return now - dt.timedelta(days=int(days)) if days else None


def charts(found: ValueJourney) -> list[Any]:
    """Draw the weeks: what was delivered and what ended badly, and how many runs were on the line."""
    if len(found.weeks) < 2:
        return []
    moments = [dt.datetime.combine(week.monday, dt.time(), dt.UTC) for week in found.weeks]
    axis = Axis(moments[0], moments[-1] + dt.timedelta(days=7))

    def drawn(title: str, series: Sequence[Series], note: str) -> Any:
        return html(timeline(title, axis, moments, series, note=note))

    def of(name: str) -> list[float | None]:
        return [float(_figure(week, name)) for week in found.weeks]

    return [
        drawn(
            "Runs a week",
            [Series("delivered", of("delivered")), Series("ended badly", of("bad"), faint=True)],
            "line: delivered; dashed: halted, failed or aborted",
        ),
        drawn("Work in progress", [Series("on average", of("in_progress"))], "runs on the line at a time, on average"),
    ]


def _figure(week: Week, name: str) -> float:
    return float(getattr(week, name))


def _longest(found: ValueJourney | None) -> float:
    """Return the longest that a station works and runs wait for it, in the median: what bars are drawn beside."""
    if found is None:
        return 1.0
    return max(((one.cycle.median or 0.0) + (one.wait.median or 0.0) for one in found.stations), default=1.0) or 1.0


def _bar(seconds: float | None, longest: float) -> Any:
    return html(bar((seconds or 0.0) / longest))


def _days(request: Request) -> str:
    asked: Mapping[str, str] = request.query_params
    days = asked.get("days", _DEFAULT)
    if days not in RANGES:
        raise LineError(f"{days!r} is no range, expected one of {', '.join(filter(None, RANGES))} days or nothing")
    return days
