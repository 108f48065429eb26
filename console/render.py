"""Pages out of templates: every value is escaped by Jinja; what is HTML already is marked where it is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from console.guard import STORED_POLICY
from console.strip import run_seconds, station_marks, why
from runtime.throughput.words import lasting

HERE = Path(__file__).parent
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """Return a whole page of the console."""
    return HTMLResponse(_rendered(request, template, context), status_code=status)


def live(request: Request, template: str, **context: Any) -> Response:
    """Return a part of a page that asks for itself again and again, or 204 when it is what the browser has.

    The part's outermost element carries ``{{ again("/its/address") }}``, which asks each second and tells what it has.
    """
    body = _rendered(request, template, {**context, "seen": ""})
    seen = sha256(body.encode()).hexdigest()[:16]
    if request.query_params.get("seen") == seen:
        return Response(status_code=204)
    return HTMLResponse(_rendered(request, template, {**context, "seen": seen}))


def stored(body: bytes | str) -> Response:
    """Return a page that a run made and stored, shut in: it runs nothing and reaches nothing."""
    return HTMLResponse(body, headers={"Content-Security-Policy": STORED_POLICY})


def html(text: str) -> Markup:
    """Mark what our own code made as HTML, with every value in it escaped already."""
    return Markup(text)  # noqa: S704 (the caller escaped it)


def part(template: str, **context: Any) -> Markup:
    """Return a part of a page to put into another."""
    return html(_TEMPLATES.get_template(template).render(**context))


def _rendered(request: Request, template: str, context: Mapping[str, Any]) -> str:
    state = request.app.state
    return _TEMPLATES.get_template(template).render(
        {
            "place": state.place,
            "pages": state.pages,
            "path": request.url.path,
            "form_token": state.secret.form_token(),
            "seen": "",
            **context,
        }
    )


def _moment(at: dt.datetime | str | None) -> str:
    """Write a moment for people: to the second, UTC."""
    if at is None or at == "":
        return ""
    moment = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _figure(value: float | None) -> str:
    """Write a figure to four digits, and a large one whole."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


_TEMPLATES.filters |= {
    "moment": _moment,
    "duration": lasting,
    "figure": _figure,
    "why": why,
    "ran": run_seconds,
    "stationmarks": station_marks,
}
