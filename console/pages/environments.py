"""The environments of the account: whose each is, how old, until when, how far behind, at what cost."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.errors import LineError
from console.actions import Action
from console.environs import cost_of, environments, spent_by
from console.extending import EXTEND
from console.render import page

TITLE, PATH = "Environments", "/environments"
ACTIONS: tuple[Action, ...] = (EXTEND,)


def routes() -> list[Route]:
    return [
        Route(PATH, show),
        Route(f"{PATH}/{{name}}/cost", show_cost),
        Route(f"{PATH}/{{name}}/spent", show_spent),
    ]


def show(request: Request) -> Response:
    return page(request, "environments.html", title=TITLE, account=environments(request.app.state.place))


def show_cost(request: Request) -> Response:
    name = request.path_params["name"]
    return _asked(request, "cost_part.html", "cost", lambda: cost_of(request.app.state.place, name))


def show_spent(request: Request) -> Response:
    name = request.path_params["name"]
    return _asked(request, "spent_part.html", "spent", lambda: spent_by(request.app.state.place, name))


def _asked(request: Request, template: str, what: str, ask: Any) -> Response:
    """Return a part that was asked for; what is refused is told in its place."""
    told: Any = None
    trouble = ""
    try:
        told = ask()
    except (LineError, ClientError, BotoCoreError) as error:
        trouble = str(error)
    return page(request, template, name=request.path_params["name"], trouble=trouble, **{what: told})
