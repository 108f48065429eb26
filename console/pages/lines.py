"""The lines of the environment, and how their newest runs go."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.actions import Action
from console.place import Place
from console.render import live, page

TITLE, PATH = "Lines", "/lines"
ACTIONS: tuple[Action, ...] = ()


def routes() -> list[Route]:
    return [Route(PATH, show), Route(f"{PATH}/live", show_live)]


def show(request: Request) -> Response:
    return page(request, "lines.html", title=TITLE, lines=_lines(request.app.state.place))


def show_live(request: Request) -> Response:
    return live(request, "lines_part.html", lines=_lines(request.app.state.place))


def _lines(place: Place) -> list[str]:
    return place.lines()
