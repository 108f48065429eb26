"""One line: how its newest run goes, the runs before it, and what a run would do now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.plan import Planned, stations
from config.errors import LineError
from config.loading import environment_names, load_bundle, load_environment
from config.parameters import resolve
from config.shipped import code_digest
from console.actions import Action
from console.overview import Card, card_of
from console.place import Place
from console.render import live, page
from console.starting import RUN
from runtime import ledger
from runtime.components import World
from runtime.plan import Plan
from runtime.planning import plan
from runtime.records import RunRecord

ACTIONS: tuple[Action, ...] = (RUN,)
PER_PAGE = 25


def routes() -> list[Route]:
    return [
        Route("/lines/{line}", show),
        Route("/lines/{line}/live", show_live),
        Route("/lines/{line}/plan", show_plan),
    ]


@dataclass(frozen=True)
class Runs:
    """Some of a line's runs, the newest first; ``older`` is where the next ones begin, nothing after the last."""

    each: Sequence[RunRecord]
    older: str = ""
    trouble: str = ""


def show(request: Request) -> Response:
    line = request.path_params["line"]
    return page(request, "line.html", title=line, **_context(request))


def show_live(request: Request) -> Response:
    return live(request, "line_part.html", **_context(request))


def show_plan(request: Request) -> Response:
    place, line = request.app.state.place, request.path_params["line"]
    try:
        planned: list[Planned] = place.kept(f"planned/{line}", lambda: planned_now(place, line))
        trouble = ""
    except LineError as error:
        planned, trouble = [], str(error)
    return page(request, "plan_part.html", planned=planned, trouble=trouble)


def _context(request: Request) -> dict[str, Any]:
    place, line = request.app.state.place, request.path_params["line"]
    before = request.query_params.get("before", "")
    card = card_of(place, line)
    return {
        "card": card,
        "runs": runs_of(place, card, before),
        "before": before,
        "at": f"/lines/{quote(line, safe='')}",
    }


def runs_of(place: Place, card: Card, before: str = "") -> Runs:
    """Return the runs that began before a moment, or the newest."""
    if card.trouble:
        return Runs([], trouble=card.trouble)
    try:
        until = dt.datetime.fromisoformat(before) if before else None
    except ValueError:
        raise LineError(
            f"before={before!r} is no moment, e.g. 2026-01-31T12:00:00+00:00: go back to the line"
        ) from None
    if until is not None and until.tzinfo is None:
        until = until.replace(tzinfo=dt.UTC)
    table = place.foundation()["LedgerTable"]
    found = ledger.newest(place.client("dynamodb"), table, card.line, PER_PAGE + 1, until)
    older = found[PER_PAGE - 1].started.isoformat() if len(found) > PER_PAGE else ""
    return Runs(found[:PER_PAGE], older=older)


def planned_now(place: Place, line: str) -> list[Planned]:
    """Return what a run would do with each station, if this repository's line ran where it is deployed."""
    outputs = place.outputs(line)
    world = World(
        s3=place.client("s3"),
        dynamodb=place.client("dynamodb"),
        raw_bucket=outputs["RawBucket"],
        lake_bucket=outputs["LakeBucket"],
        ledger_table=outputs["LedgerTable"],
    )
    return stations(plan_of(place, line), world=world, given={})


def plan_of(place: Place, line: str) -> Plan:
    """Return the plan of the repository's line with the environment's values; its SQL is parsed once a minute."""

    def make() -> Plan:
        bundle = load_bundle(line)
        known = place.environment in environment_names()
        own = load_environment(place.environment).parameters.get(line, {}) if known else {}
        return plan(bundle, values=resolve(bundle.definition.parameters, own), code=code_digest())

    return place.kept(f"plan/{line}", make, seconds=60.0)
