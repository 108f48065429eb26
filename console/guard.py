"""Who may talk to the console: the browser that opened the printed address, from the console's own pages.

It acts with the rights of whoever started it, so it trusts nothing that another page, another user of the machine or
a name server can make a browser send: the address holds a secret that becomes a cookie, the Host must be loopback,
and what changes something comes from the console's own origin with a token of its form.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp

_OPEN = ("/static/",)
_SAFE = ("GET", "HEAD")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
STORED_POLICY = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""For pages that a run made and stored, such as a model card: they run nothing and reach nothing."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without one a form would come from nowhere
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Secret:
    """The secret of one start of the console."""

    value: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def cookie(self) -> str:
        """Return the name of its cookie: consoles of other ports have others, since browsers share them."""
        return f"assembly-line-console-{sha256(self.value.encode()).hexdigest()[:8]}"

    def form_token(self) -> str:
        """Return what every form of the console carries."""
        return hmac.new(self.value.encode(), b"form", sha256).hexdigest()

    def is_form_token(self, told: str) -> bool:
        return hmac.compare_digest(self.form_token().encode(), told.encode())

    def knows(self, told: str) -> bool:
        return hmac.compare_digest(self.value.encode(), told.encode())


class Guard(BaseHTTPMiddleware):
    """Lets in what may come in, and says on each answer what a browser may do with it."""

    def __init__(self, app: ASGIApp, *, secret: Secret, hosts: frozenset[str]) -> None:
        super().__init__(app)
        self._secret = secret
        self._hosts = hosts

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        answer = self._refused(request) or self._entered(request) or await call_next(request)
        answer.headers.setdefault("Content-Security-Policy", _POLICY)
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    def _refused(self, request: Request) -> Response | None:
        host = request.headers.get("host", "")
        if host not in self._hosts:
            wanted = " or ".join(sorted(self._hosts))
            return _no(421, f"the console answers at {wanted} only: open the address that `line console` printed")
        if request.method not in _SAFE:
            origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
            if origin not in {f"http://{each}" for each in self._hosts} or site != "same-origin":
                return _no(403, "the console takes actions from its own pages only: go back and use its form")
        return None

    def _entered(self, request: Request) -> Response | None:
        """Turn the secret of the address into a cookie; without either, say where the address is."""
        told = request.query_params.get("key")
        if told is not None and request.method in _SAFE and self._secret.knows(told):
            answer = RedirectResponse(request.url.path, status_code=303)
            answer.set_cookie(self._secret.cookie(), self._secret.value, httponly=True, samesite="strict")
            return answer
        if self._secret.knows(request.cookies.get(self._secret.cookie(), "")) or request.url.path.startswith(_OPEN):
            return None
        return _no(401, "this console needs its key: open the whole address that `line console` printed")


def _no(status: int, why: str) -> Response:
    return PlainTextResponse(f"{why}\n", status_code=status)
