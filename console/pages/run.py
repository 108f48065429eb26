"""One run: its stations as they go, what its tests found, what it made of what, its logs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.errors import LineError
from config.loading import line_names
from console import lineage, logs
from console.actions import Action
from console.pages.line import plan_of
from console.place import Place
from console.render import html, live, page, stored
from console.run_story import INSPECTED, SHOWN_ROWS, left, story
from console.starting import STOP
from runtime.paths import RunPaths

ACTIONS: tuple[Action, ...] = (STOP,)
_PATH = "/lines/{line}/runs/{run}"


def routes() -> list[Route]:
    return [
        Route(_PATH, show),
        Route(f"{_PATH}/live", show_live),
        Route(f"{_PATH}/left", show_left),
        Route(f"{_PATH}/logs", show_logs),
        Route(f"{_PATH}/reports/{{station}}", show_report),
    ]


def show(request: Request) -> Response:
    return page(request, "run.html", title=request.path_params["run"], **_context(request))


def show_live(request: Request) -> Response:
    return live(request, "run_part.html", **_context(request))


def show_left(request: Request) -> Response:
    """What the stations left: asked for after the page itself, and again while the run goes on."""
    place, line, run = _named(request)
    found = left(place, line, run)
    made = lineage.nodes(found.receipts)
    try:
        plan = plan_of(place, line) if line in line_names() else None
    except LineError:
        plan = None  # the repository's line does not hold together now: the run's own figures are shown all the same
    drawn = html(lineage.drawn(made, lineage.links(made, plan)))
    told = {"found": found, "nodes": made, "drawn": drawn, "shown": SHOWN_ROWS}
    return live(request, "left_part.html", **_context(request), **told)


def show_logs(request: Request) -> Response:
    place, line, run = _named(request)
    asked = request.query_params
    try:
        each = place.kept(f"jobs/{line}/{run}", lambda: logs.jobs(place, line, run), seconds=2.0)
        trouble = "" if each else "this run has submitted no job yet"
    except (LineError, ClientError, BotoCoreError) as error:
        each, trouble = [], f"the run's jobs are not known: {error}"
    wanted = asked.get("job", "")
    job = next((one for one in each if one.id == wanted), each[-1] if each and not wanted else None)
    if wanted and job is None:
        trouble = trouble or f"this run has no job {wanted!r}: choose one of its jobs"
    told = logs.read(place, job.service, job.id, asked.get("before", "")) if job else None
    context: dict[str, Any] = {"line": line, "run": run, "at": _at(line, run), "jobs": each, "job": job, "told": told}
    return page(request, "logs.html", title=f"Logs of {run}", trouble=trouble, **context)


def show_report(request: Request) -> Response:
    place, line, run = _named(request)
    station = request.path_params["station"]
    if station not in INSPECTED:
        raise LineError(f"station {station!r} makes no inspection, expected one of {', '.join(INSPECTED)}")
    paths = RunPaths(lake=place.foundation()["LakeBucket"], line=line, run=run)
    s3 = place.client("s3")
    try:
        body: bytes = s3.get_object(Bucket=paths.lake, Key=paths.report(station, "html"))["Body"].read()
    except s3.exceptions.NoSuchKey:
        raise LineError(f"run {run!r} of line {line!r} left no report of {station}: choose another run") from None
    return stored(body)


def _context(request: Request) -> dict[str, Any]:
    place, line, run = _named(request)
    return {"line": line, "run": run, "story": story(place, line, run), "at": _at(line, run)}


def _named(request: Request) -> tuple[Place, str, str]:
    return request.app.state.place, request.path_params["line"], request.path_params["run"]


def _at(line: str, run: str) -> str:
    return f"/lines/{quote(line, safe='')}/runs/{quote(run, safe='')}"
