"""The lines of the environment at a glance, and how their newest runs go."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.actions import Action
from console.overview import overview
from console.pages import line, run
from console.render import live, page

TITLE, PATH = "Lines", "/lines"
ACTIONS: tuple[Action, ...] = (*line.ACTIONS, *run.ACTIONS)


def routes() -> list[Route]:
    return [Route(PATH, show), Route(f"{PATH}/live", show_live), *run.routes(), *line.routes()]


def show(request: Request) -> Response:
    return page(request, "lines.html", title=TITLE, **_context(request))


def show_live(request: Request) -> Response:
    return live(request, "lines_part.html", **_context(request))


def _context(request: Request) -> dict[str, Any]:
    asked = request.query_params
    number = asked.get("page", "1")
    return {
        "all": overview(
            request.app.state.place, wanted=asked.get("q", "").strip(), page=int(number) if number.isdecimal() else 1
        )
    }
