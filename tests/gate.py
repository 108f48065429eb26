"""A second door to the moto server, which closes for good at one write: whoever came through it is dead from then on.

A writer that dies before a write leaves what one leaves that died after the write before it, so closing the door at
each write, and before the first, is every moment at which a process can be killed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto.server import ThreadedMotoServer

_READS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "Search")


@dataclass
class Gate:
    """Requests that change something are counted; ``writes`` tells them."""

    endpoint: str = ""
    writes: list[str] = field(default_factory=list)
    closed: bool = False
    _at: int | None = None
    _only: str = ""
    _landed: bool = True
    _killed: Callable[[], object] = lambda: None
    _watching: Callable[[], object] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(
        self,
        *,
        at: int | None = None,
        only: str = "",
        landed: bool = True,
        killed: Callable[[], object] = lambda: None,
        watching: Callable[[], object] = lambda: None,
    ) -> None:
        """Let requests through until write number ``at`` of those that begin with ``only``; then call ``killed``.

        The effect of that write has ``landed`` or not.
        ``watching`` is called after the effect of each write that passes, before its answer.
        """
        with self._lock:
            self.writes, self.closed, self._at, self._only, self._landed = [], False, at, only, landed
            self._killed, self._watching = killed, watching

    def _enter(self, environ: dict[str, Any]) -> tuple[bool, bool]:
        """Return whether a request may pass, and whether it is the last that does."""
        with self._lock:
            if self.closed:
                return False, False
            write = _write(environ)
            counted = write is not None and write.startswith(self._only)
            last = counted and sum(done.startswith(self._only) for done in self.writes) == self._at
            if write is not None:
                self.writes.append(write)
            self.closed = last
            return self._landed or not last, last

    def answering(self, app: Any) -> Callable[..., Iterable[bytes]]:
        """Return the WSGI application of this door."""

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            passes, last = self._enter(environ)
            if passes and not last:
                found: Iterable[bytes] = app(environ, start_response)
                if _write(environ) is not None:
                    self._watching()
                return found
            if passes:
                list(app(environ, lambda *_, **__: None))
            if last:
                self._killed()
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) if not passes else None
            start_response("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"<Error><Code>AccessDenied</Code><Message>the door is closed</Message></Error>"]

        return answer


@contextmanager
def gate() -> Iterator[Gate]:
    """Open a door to the one moto in this process."""
    made = Gate()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    inner: Any = server._server
    inner.app = made.answering(inner.app)
    host, port = server.get_host_and_port()
    made.endpoint = f"http://{host}:{port}"
    yield made
    server.stop()


def _write(environ: dict[str, Any]) -> str | None:
    """Return what a request changes, or None for one that reads; of an upload in parts only its end can be seen."""
    method, target = environ["REQUEST_METHOD"], environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if target:
        return None if target.startswith(_READS) else target
    part = environ.get("QUERY_STRING", "").startswith(("uploads", "partNumber"))
    return None if part or method in ("GET", "HEAD") else f"{method} {environ['PATH_INFO']}"
