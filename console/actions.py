"""What people change from the console: it asks first, happens once, and is written into the ledger with its outcome.

A page links to ``/actions/<kind>?line=…``, which tells what would happen and asks. The form carries a key of its own:
however often the browser sends it (a reload, a double click), the action is performed once, and every time its outcome
is shown. Performing happens in a thread, so that a reload in its middle shows how far it is.
"""

from __future__ import annotations

import secrets
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from config.errors import LineError
from console.place import Place
from console.render import live, page
from runtime import ledger

_MOST_KEPT = 1000
_SHARED = "foundation"
"""Stands in the ledger for the line where something is done to none, e.g. to an environment."""
Given = Mapping[str, str]


@dataclass
class Progress:
    """How far an action is, for who looks at its page."""

    phase: str = "started"
    key: str = ""
    """The form's own: what is to happen once, beyond this start of the console, too, is named after it."""
    link: str = ""
    """Where its result is seen, once there is one."""
    download: str = ""


@dataclass(frozen=True)
class Field:
    """A field of the form, with what stands in it at first."""

    name: str
    label: str
    value: str = ""
    type: str = "text"
    hint: str = ""


@dataclass(frozen=True)
class Action:
    """Something that changes something. ``describe`` raises LineError when it cannot be done as given."""

    kind: str
    title: str
    describe: Callable[[Place, Given], str]
    """What would happen, in a sentence or two."""
    perform: Callable[[Place, Given, Progress], str]
    """Do it and return what happened, in a sentence."""
    button: str = "Do it"
    fields: tuple[tuple[str, str], ...] = ()
    """What the form asks: (name, label)."""
    asks: Callable[[Place, Given], Sequence[Field]] | None = None
    """What the form asks besides, where that depends on what is given."""
    is_dangerous: bool = False


@dataclass
class Performed:
    """One action of one person: under way, done, or failed."""

    key: str
    action: Action
    given: Given
    status: str = "running"
    outcome: str = ""
    progress: Progress = field(default_factory=Progress)


class Desk:
    """Performs actions, each key once."""

    def __init__(self, place: Place, actions: Mapping[str, Action]) -> None:
        self._place = place
        self.actions = actions
        self._known: OrderedDict[str, Performed] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: str) -> Performed | None:
        with self._lock:
            return self._known.get(key)

    def begin(self, key: str, action: Action, given: Given) -> Performed:
        """Begin an action, unless its key was taken already; returns what it is then."""
        with self._lock:
            if key in self._known:
                return self._known[key]
            one = self._known[key] = Performed(key, action, given, progress=Progress(key=key))
            while len(self._known) > _MOST_KEPT:
                self._known.popitem(last=False)
        threading.Thread(target=self._perform, args=(one,), name=f"action-{action.kind}", daemon=True).start()
        return one

    def _perform(self, one: Performed) -> None:
        try:
            one.outcome, status = one.action.perform(self._place, one.given, one.progress), "done"
        except LineError as error:
            one.outcome, status = str(error), "failed"
        except Exception as error:  # noqa: BLE001 (a thread's error is told on its page and in the terminal)
            traceback.print_exc()
            one.outcome, status = f"{type(error).__name__}: {error}", "failed"
        self._log(one, status)
        one.status = status

    def _log(self, one: Performed, status: str) -> None:
        """Write into the ledger who did what and what came of it; what cannot be written is said."""
        try:
            line = one.given.get("line", "")
            outputs = self._place.outputs(line) if line else self._place.foundation()
            ledger.act(
                self._place.client("dynamodb"),
                outputs["LedgerTable"],
                line or _SHARED,
                id=one.key,
                who=self._place.who(),
                what=f"{one.action.kind} {_told(one.given)}".strip(),
                outcome=f"{status}: {one.outcome}",
            )
        except Exception as error:  # noqa: BLE001 (the action is done: that it is not in the ledger is added to it)
            one.outcome += f" (not written into the ledger: {error})"


def routes() -> list[Route]:
    return [
        Route("/actions/{kind}", _ask),
        Route("/actions/{kind}", _begin, methods=["POST"]),
        Route("/done/{key}", _show),
        Route("/done/{key}/live", _show_live),
    ]


def _ask(request: Request) -> Response:
    return asking(request, _action(request), dict(request.query_params))


def asking(request: Request, action: Action, given: Given) -> Response:
    """Return the page that tells what an action would do, and asks."""
    place = request.app.state.place
    says = action.describe(place, given)
    fields = action.asks(place, given) if action.asks else ()
    asked = {field.name for field in fields}
    return page(
        request,
        "ask.html",
        title=action.title,
        action=action,
        given={name: value for name, value in given.items() if name not in asked},
        fields=fields,
        says=says,
        key=secrets.token_hex(8),
    )


async def _begin(request: Request) -> Response:
    form = {name: str(value) for name, value in (await request.form()).items()}
    if not request.app.state.secret.is_form_token(form.pop("form_token", "")):
        raise LineError("this form is of an earlier start of the console: go back, reload the page and try again")
    key = form.pop("key", "")
    if not key:
        raise LineError("this form lacks its key: go back, reload the page and try again")
    action = _action(request)
    request.app.state.desk.begin(key, action, form)
    return RedirectResponse(f"/done/{key}", status_code=303)


def _show(request: Request) -> Response:
    one = _performed(request)
    return page(request, "done.html", title=one.action.title, one=one)


def _show_live(request: Request) -> Response:
    return live(request, "done_part.html", one=_performed(request))


def _action(request: Request) -> Action:
    desk: Desk = request.app.state.desk
    kind = request.path_params["kind"]
    if kind not in desk.actions:
        raise LineError(f"the console knows no action {kind!r}, expected one of {', '.join(sorted(desk.actions))}")
    return desk.actions[kind]


def _performed(request: Request) -> Performed:
    one: Performed | None = request.app.state.desk.find(request.path_params["key"])
    if one is None:
        raise LineError(
            "this action is not known to this start of the console: what was done is in the ledger (`line ledger`)"
        )
    return one


def _told(given: Given) -> str:
    return " ".join(f"{name}={value}" for name, value in given.items() if value)


def known(*pages: Any) -> dict[str, Action]:
    """Return the actions of pages by kind."""
    return {action.kind: action for each in pages for action in each.ACTIONS}
