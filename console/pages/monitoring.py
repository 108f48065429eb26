"""Monitoring: how each line's monitors stand, figures over time with alarms and releases, and dead letters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.asked import moment
from cli.ending import UsageError
from cli.order import take_order
from config.errors import LineError
from config.line import Line
from console.actions import Action, Given, Progress
from console.place import Place
from console.render import html, live, page
from console.watched import DAYS, consumers, now, report
from runtime.delivery import dead_letters
from runtime.monitoring import distributions, pictures
from runtime.monitoring.report import Report, intervals, marks
from runtime.timeline import Axis

TITLE, PATH = "Monitoring", "/monitoring"
_MOST_DISTRIBUTIONS = 6


def routes() -> list[Route]:
    return [
        Route(PATH, show),
        Route(f"{PATH}/live", show_live),
        Route(f"{PATH}/{{line}}", show_line),
        Route(f"{PATH}/{{line}}/now", show_now),
        Route(f"{PATH}/{{line}}/figures", show_figures),
    ]


def show(request: Request) -> Response:
    return page(request, "monitoring.html", title=TITLE, cards=_cards(request.app.state.place))


def show_live(request: Request) -> Response:
    return live(request, "monitoring_part.html", cards=_cards(request.app.state.place))


def show_line(request: Request) -> Response:
    place, line = _asked(request)
    return page(
        request,
        "monitoring_line.html",
        title=f"Monitoring of {line.line}",
        line=line,
        now=now(place, line),
        days=DAYS,
        **_figures(request, place, line),
    )


def show_now(request: Request) -> Response:
    place, line = _asked(request)
    return live(request, "monitoring_now.html", line=line, now=now(place, line))


def show_figures(request: Request) -> Response:
    place, line = _asked(request)
    return live(request, "monitoring_figures.html", line=line, **_figures(request, place, line))


def _figures(request: Request, place: Place, line: Line) -> dict[str, Any]:
    """Return the figures of the stretch of time that the address names, or what is wrong with it."""
    first, last = (request.query_params.get(name, "").strip() for name in ("first", "last"))
    context = {"first": first, "last": last, "query": f"?first={first}&last={last}" if first or last else ""}
    try:
        start, end = (moment(f"--{name}", text) if text else None for name, text in (("from", first), ("to", last)))
        if start is not None and end is not None and start >= end:
            raise UsageError(f"from {first} is not before to {last}: correct one of them")
    except UsageError as error:
        return {**context, "mistake": str(error), "report": None, "drawn": {}, "moved": []}
    found = report(place, line, start, end)
    return {**context, "mistake": "", "report": found, "drawn": drawn(found), "moved": distributions_of(found)}


def drawn(found: Report) -> dict[str, Markup]:
    """Return the figures of a report by their titles; every value in them is escaped where they are made."""
    verdicts = sorted(found.verdicts, key=lambda verdict: str(verdict["start"]))
    if not verdicts:
        return {}
    axis = Axis(found.start, max(found.end, found.start + dt.timedelta(seconds=1)), marks(found))
    all_ = pictures.Drawn(axis=axis, verdicts=verdicts, intervals=intervals(found.incidents, found.end))
    made = {
        "Drift": pictures.drift(all_),
        "Performance": pictures.performance(all_, found.performance_bars),
        "Data quality": pictures.quality(all_),
        "Calibration": pictures.calibration(verdicts),
        "Volume and labels": pictures.volumes(all_),
        "Latency": pictures.latency(all_),
        "Slices": pictures.slices(verdicts),
    }
    return {title: html(text) for title, text in made.items()}


def distributions_of(found: Report) -> list[Markup]:
    """Return the pictures of the columns that moved most in the newest window that tells of drift."""
    told = [verdict for verdict in found.verdicts if verdict.get("drift")]
    if not told:
        return []
    newest: Mapping[str, Any] = max(told, key=lambda verdict: str(verdict["start"]))
    names = distributions.most_moved(newest, _MOST_DISTRIBUTIONS)
    return [html(distributions.picture(name, newest["drift"][name])) for name in names]


def _asked(request: Request) -> tuple[Place, Line]:
    place: Place = request.app.state.place
    return place, _line(place, request.path_params["line"])


def _line(place: Place, name: str) -> Line:
    order = place.kept(f"order/{name}", lambda: take_order(name, given=[], environment=place.environment))
    return order.bundle.definition


def _cards(place: Place) -> list[dict[str, Any]]:
    return [_card(place, line) for line in place.lines()]


def _card(place: Place, name: str) -> dict[str, Any]:
    """Return how a line stands; one that cannot be read says why."""
    try:
        found = now(place, _line(place, name))
    except (LineError, UsageError, ClientError, BotoCoreError) as error:
        return {"line": name, "mistake": str(error)}
    return {
        "line": name,
        "mistake": "",
        "stands": found.stands,
        "ringing": [alarm for alarm in found.alarms if alarm["state"] == "alarm"],
        "letters": sum(box.count for box in found.letters),
    }


def _letters(place: Place, given: Given) -> tuple[Any, str]:
    line, consumer = _line(place, given.get("line", "")), given.get("consumer", "")
    known = consumers(line, place.outputs(line.line))
    if consumer not in known:
        raise LineError(
            f"line {line.line!r} has no consumer {consumer!r}, expected one of {', '.join(sorted(known)) or 'none'}: "
            f"choose one under {PATH}/{line.line}"
        )
    return place.client("sqs"), known[consumer]


def _describe(place: Place, given: Given) -> str:
    found = dead_letters.look(*_letters(place, given))
    if not found.count:
        raise LineError(f"no dead letters of {given['consumer']} lie there: nothing is to be moved")
    reason = found.first[0].reason if found.first else "not told"
    return (
        f"{found.count:,} dead letters of {given['consumer']} would go back to its queue and be handled again; each "
        f"keeps its event id. The first lies there because: {reason}. Mend that first."
    )


def _redrive(place: Place, given: Given, progress: Progress) -> str:
    sqs, url = _letters(place, given)
    progress.phase = "moving"
    moved = dead_letters.redrive(sqs, url)
    progress.link = f"{PATH}/{given['line']}"
    return f"{moved:,} dead letters went back to the queue of {given['consumer']}"


ACTIONS: tuple[Action, ...] = (
    Action(
        kind="redrive", title="Move dead letters back", describe=_describe, perform=_redrive, button="Move them back"
    ),
)
