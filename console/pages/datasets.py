"""Datasets: choose features, a time range and a task; look, build, download, copy as code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from cli.dataset import built_by
from cli.ending import UsageError
from cli.library import Opened
from cli.order import Order, take_order
from config.errors import LineError
from console.actions import Action, Given, Progress, asking
from console.looks import Look, is_personal, look
from console.place import Place
from console.render import live, page
from console.rooms import rooms
from console.shown_views import by_entity, columns_of
from console.wanted import Wanted, words
from runtime.spine import TASKS

TITLE, PATH = "Datasets", "/datasets"
_MOST_FIELDS = 20_000
_MOST_BUILT = 50
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def routes() -> list[Route]:
    return [
        Route(PATH, show),
        Route(f"{PATH}/{{line}}", show_line),
        Route(f"{PATH}/{{line}}/look", show_look, methods=["POST"]),
        Route(f"{PATH}/{{line}}/build", ask, methods=["POST"]),
        Route(f"{PATH}/{{line}}/built", show_built),
        Route(f"{PATH}/{{line}}/built/{{fingerprint}}", show_manifest),
        Route(f"{PATH}/{{line}}/built/{{fingerprint}}/{{part}}.parquet", download),
    ]


def show(request: Request) -> Response:
    place: Place = request.app.state.place
    return page(request, "datasets.html", title=TITLE, cards=[_card(place, line) for line in place.lines()])


def show_line(request: Request) -> Response:
    place, line = request.app.state.place, request.path_params["line"]
    wanted = Wanted.of(request.query_params)
    order, opened = _order(place, line), rooms(place).of(line).opened
    known = columns_of(place, order, opened)
    definition = order.bundle.definition
    return page(
        request,
        "datasets_line.html",
        title=f"Datasets of {line}",
        line=definition,
        wanted=wanted,
        views=by_entity(order, known, wanted),
        parts=_parts(order, wanted),
        tasks=TASKS,
        built=_built(place, opened),
    )


async def show_look(request: Request) -> Response:
    form = await request.form(max_fields=_MOST_FIELDS)
    return await run_in_threadpool(_show_look, request, form)


def _show_look(request: Request, form: FormData) -> Response:
    place, line = request.app.state.place, request.path_params["line"]
    order = _order(place, line)
    wanted = _wanted(place, order, form)
    context: dict[str, Any] = {
        "line": order.bundle.definition,
        "wanted": wanted,
        "code": wanted.code(line, place.environment),
        "command": wanted.command(line, place.environment),
    }
    try:
        found: Look | None = look(place, order, wanted)
        mistake = ""
    except (LineError, UsageError) as error:
        found, mistake = None, str(error)
    except (ClientError, BotoCoreError, OSError) as error:
        found, mistake = None, f"AWS did not answer: {error}: try again, and renew your credentials if it goes on"
    return live(request, "datasets_look.html", found=found, mistake=mistake, **context)


async def ask(request: Request) -> Response:
    """Ask before a dataset is built: a choice of two thousand columns is too long for an address."""
    form = await request.form()
    given = {name: str(value) for name, value in form.items() if value} | {"line": request.path_params["line"]}
    return await run_in_threadpool(asking, request, _BUILD, given)


def show_built(request: Request) -> Response:
    place, line = request.app.state.place, request.path_params["line"]
    order, opened = _order(place, line), rooms(place).of(line).opened
    return live(request, "datasets_built.html", line=order.bundle.definition, built=_built(place, opened))


def show_manifest(request: Request) -> Response:
    place, line = request.app.state.place, request.path_params["line"]
    order = _order(place, line)
    opened, manifest = _manifest(request)
    named = manifest["name"] or manifest["fingerprint"][:16]
    return page(
        request,
        "dataset.html",
        title=f"Dataset {named}",
        line=order.bundle.definition,
        manifest=manifest,
        uri=opened.shelf.uri(manifest["fingerprint"]),
        personal={each["name"] for each in manifest["columns"] if is_personal(order, each["name"])},
    )


def download(request: Request) -> Response:
    opened, manifest = _manifest(request)
    part = request.path_params["part"]
    if part not in manifest["files"]:
        raise LineError(f"the dataset has no part {part!r}, expected one of {', '.join(manifest['files'])}: go back")
    size, pieces = opened.shelf.part(manifest, part)
    name = "-".join(filter(None, (manifest["line"], _slug(manifest["name"]), manifest["fingerprint"][:8], part)))
    headers = {"Content-Disposition": f'attachment; filename="{name}.parquet"', "Content-Length": str(size)}
    return StreamingResponse(pieces, media_type="application/vnd.apache.parquet", headers=headers)


def _build(place: Place, given: Given, progress: Progress) -> str:
    order = _order(place, given["line"])
    wanted = Wanted.of(given)
    request = wanted.asked().request(order)
    opened = rooms(place).of(order.line).opened
    views = len(request.choice.views)
    progress.phase = f"joining the examples with {views} feature view{'' if views == 1 else 's'}"
    built = built_by(opened, request, wanted.name)
    manifest = built.manifest
    progress.link = f"{PATH}/{order.line}/built/{manifest['fingerprint']}"
    rows, columns = sum(manifest["rows"].values()), len(manifest["columns"])
    what = "was there already" if built.is_reused else "built"
    return f"{what}: {rows:,} examples with {columns:,} columns, fingerprint {manifest['fingerprint'][:16]}"


def _describe(place: Place, given: Given) -> str:
    if "line" not in given:
        raise LineError("the address names no line: choose one under Datasets")
    order = _order(place, given["line"])
    found = look(place, order, Wanted.of(given))
    if found.manifest is not None:
        return (
            f"This dataset of {order.line} was built at {found.manifest['built_at']} already: it would be found by its "
            f"fingerprint, {found.preview.fingerprint[:16]}, and not be built again."
        )
    return (
        f"A dataset of {order.line} would be built: {found.preview.examples:,} examples with {len(found.columns):,} "
        f"columns. It is stored in the lake under its fingerprint, {found.preview.fingerprint[:16]}."
    )


_BUILD = Action(
    kind="build-dataset", title="Build a dataset", describe=_describe, perform=_build, button="Build the dataset"
)
ACTIONS: tuple[Action, ...] = (_BUILD,)


def _order(place: Place, line: str) -> Order:
    return place.kept(f"order/{line}", lambda: take_order(line, given=[], environment=place.environment))


def _wanted(place: Place, order: Order, form: FormData) -> Wanted:
    """Return what a form chooses: its ticks as words."""
    known = columns_of(place, order, rooms(place).of(order.line).opened)
    columns = {view: list(types) for view, (types, _) in known.items()}
    features = words(order.bundle.definition, columns, map(str, form.getlist("column")))
    given = {name: str(value) for name, value in form.items() if name != "column"}
    return Wanted.of(given if features is None else {**given, "features": features})


def _parts(order: Order, wanted: Wanted) -> Mapping[str, Any]:
    """Return the line's own parts, for who asks for no time range."""
    try:
        return Wanted(task=wanted.task).asked().request(order).windows
    except (LineError, UsageError):
        return {}


def _built(place: Place, opened: Opened) -> list[dict[str, Any]]:
    """Return the manifests of the datasets that were built last, the newest first."""
    line = opened.shelf.line
    fingerprints = place.kept(f"built/{line}", lambda: opened.shelf.newest(_MOST_BUILT), seconds=1.0)

    def one(fingerprint: str) -> dict[str, Any] | None:
        key = f"manifest/{line}/{fingerprint}"  # it never changes
        return place.kept(key, lambda: opened.shelf.find(fingerprint), seconds=3600.0)

    with ThreadPoolExecutor(8) as pool:
        return [manifest for manifest in pool.map(one, fingerprints) if manifest is not None]


def _manifest(request: Request) -> tuple[Opened, dict[str, Any]]:
    place, line = request.app.state.place, request.path_params["line"]
    fingerprint = request.path_params["fingerprint"]
    _order(place, line)
    opened = rooms(place).of(line).opened
    found = opened.shelf.find(fingerprint) if _FINGERPRINT.fullmatch(fingerprint) else None
    if found is None:
        raise LineError(f"line {line!r} has no dataset {fingerprint[:64]!r}: choose one of {PATH}/{line}")
    return opened, found


def _card(place: Place, line: str) -> dict[str, Any]:
    """Return what is said of a line; one that cannot be read says why."""
    try:
        definition = _order(place, line).bundle.definition
        place.outputs(line)
    except (LineError, UsageError, ClientError, BotoCoreError) as error:
        return {"line": line, "mistake": str(error)}
    return {
        "line": line,
        "question": definition.question,
        "views": len(definition.features),
        "task": definition.dataset.task,
        "mistake": "",
    }


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
