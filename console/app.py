"""The console: its pages, what guards them, and how mistakes are told."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cli.ending import UsageError
from config.errors import LineError
from console import actions
from console.guard import Guard, Secret
from console.pages import datasets, environments, lines, models, monitoring, throughput
from console.place import Place
from console.render import HERE, page

PAGES: tuple[ModuleType, ...] = (lines, datasets, models, monitoring, throughput, environments)
"""In the order of the navigation. Each has TITLE, PATH, ACTIONS and routes()."""


def build(place: Place, *, port: int, secret: Secret) -> Starlette:
    """Return the application that serves one place at a port of loopback."""
    hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
    app = Starlette(
        routes=[
            Route("/", lambda request: RedirectResponse(lines.PATH)),
            Mount("/static", StaticFiles(directory=HERE / "static")),
            *actions.routes(),
            *(route for each in PAGES for route in each.routes()),
        ],
        middleware=[Middleware(Guard, secret=secret, hosts=hosts)],
        exception_handlers={
            LineError: _told,
            UsageError: _told,
            ClientError: _refused,
            BotoCoreError: _refused,
            HTTPException: _not_found,
            Exception: _unforeseen,
        },
    )
    app.state.place = place
    app.state.pages = PAGES
    app.state.secret = secret
    app.state.desk = actions.Desk(place, actions.known(*PAGES))
    return app


def _told(request: Request, error: Exception) -> Response:
    """A mistake of the user's; where AWS's refusal is behind it, the answer says that it came from there."""
    is_aws = isinstance(error.__context__, ClientError | BotoCoreError)
    return _mistake(request, str(error), status=502 if is_aws else 400)


def _refused(request: Request, error: Exception) -> Response:
    """AWS said no, or could not be reached: lost credentials, an environment without access, no embedded AWS."""
    if request.app.state.place.is_embedded:
        mend = "is `line up` still running? Start it, and then the console, again"
    else:
        mend = "renew your credentials (for example `aws sso login`), or ask for the right to read this environment"
    return _mistake(request, f"AWS did not answer: {error}: {mend}", status=502)


def _not_found(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    return _mistake(request, f"there is no page {request.url.path}: choose one above", status=status)


def _unforeseen(request: Request, error: Exception) -> Response:
    return _mistake(
        request, f"this page failed: {type(error).__name__}: {error}: see the console's terminal", status=500
    )


def _mistake(request: Request, says: str, *, status: int) -> Response:
    return page(request, "mistake.html", status=status, title="Not shown", says=says)


def navigation() -> list[dict[str, Any]]:
    """Return the pages as the manual and its pictures list them."""
    return [{"name": each.__name__.rpartition(".")[2], "title": each.TITLE, "path": each.PATH} for each in PAGES]
