"""Models: what is in production, its challengers, versions side by side, their cards; approve, reject, roll back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli import approve, compare, models, rollback
from cli.card import card
from cli.models import Known
from cli.releasing import Desk
from config.errors import LineError
from config.loading import load_bundle
from config.metrics import HIGHER_IS_BETTER
from console.actions import Action, Given, Progress
from console.place import Place
from console.render import html, live, page, stored
from runtime import promotion
from runtime import rollback as going_back
from runtime.attempts import Attempt
from runtime.curves import training
from runtime.promotion import Production
from runtime.timeline import Axis, Mark, Series, timeline
from runtime.versions import Version

TITLE, PATH = "Models", "/models"
_MOST_LINES = 50


@dataclass(frozen=True)
class InService:
    """A line and what it has in production; ``lacks`` says why nothing is shown."""

    line: str
    champion: promotion.Champion | None = None
    since: str = ""
    lacks: str = ""


@dataclass(frozen=True)
class Shown:
    """What the page of a line's models shows."""

    line: str
    metric: str
    """The metric that releases are decided by; empty where the repository has no such line any more."""
    versions: list[Version]
    attempts: list[Attempt]
    past: list[Production]
    """The times in production, the newest first."""
    before: int | None
    """The version that a rollback leads to."""

    @property
    def in_production(self) -> Version | None:
        return next((one for one in self.versions if one.status == "production"), None)

    @property
    def waiting(self) -> list[Version]:
        return [one for one in self.versions if one.status == "pending"]


def routes() -> list[Route]:
    return [
        Route(PATH, show),
        Route(PATH + "/{line}", show_line),
        Route(PATH + "/{line}/live", show_live),
        Route(PATH + "/{line}/compare", show_compared),
        Route(PATH + "/{line}/{version:int}/card", show_card),
    ]


def show(request: Request) -> Response:
    place: Place = request.app.state.place
    names = place.lines()
    found = [in_service(place, line) for line in names[:_MOST_LINES]]
    return page(request, "models.html", title=TITLE, found=found, others=names[_MOST_LINES:])


def show_line(request: Request) -> Response:
    found = shown(request.app.state.place, request.path_params["line"])
    return page(request, "models_line.html", title=f"Models of {found.line}", found=found, chart=_over_time(found))


def show_live(request: Request) -> Response:
    found = shown(request.app.state.place, request.path_params["line"])
    return live(request, "models_part.html", found=found, chart=_over_time(found))


def show_compared(request: Request) -> Response:
    line = request.path_params["line"]
    names = request.query_params.getlist("of")
    if len(names) < 2:
        raise LineError("fewer than two models are chosen: go back and tick two or more to compare")
    known = _known(request.app.state.place, line)
    compared = {name: compare.chosen(known, line, name) for name in names}
    return page(
        request,
        "models_compared.html",
        title=f"{line}: {' beside '.join(names)}",
        line=line,
        compared=compared,
        measured={kind: _measured(compared, kind) for kind in ("metrics", "test")},
        differing={
            title: compare.differing({name: get(one) for name, one in compared.items()})
            for title, get in (("Parameters", _parameters), ("Data", compare.data_of), ("Code", compare.code_of))
        },
        curves={name: _curves(one) for name, one in compared.items() if one.curves},
    )


def show_card(request: Request) -> Response:
    place: Place = request.app.state.place
    line = request.path_params["line"]
    return stored(card(line, request.path_params["version"], outputs=place.outputs(line), client=place.client).page)


def in_service(place: Place, line: str) -> InService:
    """Return what a line has in production; what stands in the way is said in its place."""
    try:
        table = place.outputs(line)["LedgerTable"]
        champion = promotion.champion(place.client("dynamodb"), table, line)
        past = promotion.history(place.client("dynamodb"), table, line)
    except (LineError, ClientError, BotoCoreError) as error:
        return InService(line, lacks=str(error))
    since = next((one.since for one in past if champion and one.number == champion.production), "")
    return InService(line, champion, since)


def shown(place: Place, line: str) -> Shown:
    """Return all that there is to know of a line's models."""
    known = _known(place, line)
    dynamodb, table = place.client("dynamodb"), place.outputs(line)["LedgerTable"]
    past = promotion.history(dynamodb, table, line)
    champion = promotion.champion(dynamodb, table, line)
    former = promotion.former(past, champion) if champion else None
    return Shown(
        line=line,
        metric=_metric(line),
        versions=known.versions,
        attempts=sorted(known.attempts, key=lambda one: one.started, reverse=True),
        past=sorted(past, key=lambda one: one.number, reverse=True),
        before=former.champion.version if former else None,
    )


def _known(place: Place, line: str) -> Known:
    return models.read(place.client("sagemaker"), place.client("dynamodb"), place.outputs(line), line)


def _metric(line: str) -> str:
    try:
        return load_bundle(line).definition.metric
    except LineError:
        return ""


def _curves(attempt: Attempt) -> list[Any]:
    return [html(each) for each in training({name: curve["values"] for name, curve in attempt.curves.items()})]


def _parameters(attempt: Attempt) -> Mapping[str, Any]:
    return attempt.parameters


def _measured(compared: Mapping[str, Attempt], kind: str) -> list[tuple[str, list[float | None], int | None]]:
    """Return (metric, its value of each, position of the better one)."""
    rows = compare.measured(compared, kind)
    return [(metric, values, compare.better(metric, values)) for metric, values in rows.items()]


def _over_time(found: Shown) -> Any:
    """Draw the metric of what was in production over time; nothing for fewer than two times."""
    times = [one for one in reversed(found.past) if one.since and found.metric in one.champion.metrics]
    if len(times) < 2:
        return None
    moments = [dt.datetime.fromisoformat(one.since) for one in times]
    marks = [
        Mark(moment, f"v{one.champion.version}", f"version {one.champion.version}: {one.why}, by {one.who}")
        for moment, one in zip(moments, times, strict=True)
    ]
    drawn = timeline(
        f"{found.metric} of what was in production",
        Axis(moments[0], max(moments[-1], dt.datetime.now(dt.UTC)), marks),
        moments,
        [Series(found.metric, [one.champion.metrics[found.metric] for one in times])],
        note=f"on test rows; {'higher' if HIGHER_IS_BETTER.get(found.metric, True) else 'lower'} is better",
        floor=None,
    )
    return html(drawn)


def _desk(place: Place, given: Given) -> Desk:
    line = given.get("line", "")
    if line not in place.lines():
        raise LineError(f"line {line!r} is not deployed here, expected one of {', '.join(place.lines()) or 'none'}")
    return Desk(line=line, outputs=place.outputs(line), client=place.client)


def _version(given: Given) -> int:
    try:
        return int(given.get("version", ""))
    except ValueError:
        raise LineError(f"{given.get('version', '')!r} is not a version, expected its number: go back") from None


def _asked_decision(place: Place, given: Given, *, reject: bool) -> str:
    desk, version = _desk(place, given), _version(given)
    approve.waiting(desk, version)
    if reject:
        return f"Version {version} of line {desk.line} will be rejected: it can never go into production."
    champion = promotion.champion(place.client("dynamodb"), desk.ledger, desk.line)
    now = f"in place of version {champion.version}" if champion else "as the line's first"
    return f"Version {version} of line {desk.line} will be released into production, {now}, step by step."


def _decide(place: Place, given: Given, progress: Progress, *, reject: bool) -> str:
    desk, version = _desk(place, given), _version(given)
    progress.link = f"{PATH}/{desk.line}"
    remark = approve.remark_of(place.who(), given.get("comment", ""))
    approve.decide(desk, version, reject=reject, remark=remark, phase=partial(setattr, progress, "phase"))
    done = "is rejected" if reject else "is in production"
    return f"version {version} of line {desk.line} {done}, {remark}"


def _asked_rollback(place: Place, given: Given) -> str:
    desk = _desk(place, given)
    current, before = going_back.target(place.client("dynamodb"), desk.ledger, desk.line)
    return (
        f"Version {before.champion.version} of line {desk.line} goes back into production in place of version "
        f"{current.version}, which will never be released again."
    )


def _roll_back(place: Place, given: Given, progress: Progress) -> str:
    desk = _desk(place, given)
    progress.link = f"{PATH}/{desk.line}"
    was, now = rollback.back(desk, by=place.who(), phase=partial(setattr, progress, "phase"))
    return f"version {now.version} of line {desk.line} is in production again in place of version {was.version}"


def _decision(kind: str, title: str, button: str, *, reject: bool) -> Action:
    describe: Callable[[Place, Given], str] = partial(_asked_decision, reject=reject)
    perform: Callable[[Place, Given, Progress], str] = partial(_decide, reject=reject)
    return Action(kind, title, describe, perform, button, fields=(("comment", "Why"),), is_dangerous=reject)


ACTIONS = (
    _decision("approve", "Approve a version", "Approve and release", reject=False),
    _decision("reject", "Reject a version", "Reject", reject=True),
    Action("rollback", "Roll back", _asked_rollback, _roll_back, "Roll back", is_dangerous=True),
)
