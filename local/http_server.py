"""The HTTP side of the server: WSGI with connections that stay open.

werkzeug's handler closes each connection after its answer and waits for stray bytes first. A run makes some ten
thousand small calls, so a new connection and a new thread for each are felt. Bodies are read whole before they are
handled, which moto does anyway, so that the next request begins where this one ends.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Log = Callable[[str], None]

_WITHOUT_BODY = (204, 304)


class HttpServer:
    """Serves one WSGI application on a socket that listens, until closed."""

    def __init__(self, listener: socket.socket, app: WsgiApp, log: Log) -> None:
        host, port = listener.getsockname()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"opened": self._opened, "closed": self._closed, "failed": log})
        self._server: BaseWSGIServer = make_server(
            host, port, app, threaded=True, request_handler=handler, fd=listener.fileno()
        )
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections and end those that are open."""
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            open_connections = list(self._connections)
        for connection in open_connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for the next request

    def _opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def _closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)


class _Handler(MotoRequestHandler):
    disable_nagle_algorithm = True  # with it, a small answer waits 40 ms for the client's acknowledgement
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer leaves in one piece
    opened: Callable[[socket.socket], None]
    closed: Callable[[socket.socket], None]
    failed: Log

    def setup(self) -> None:
        super().setup()
        type(self).opened(self.connection)

    def finish(self) -> None:
        type(self).closed(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def handle_expect_100(self) -> bool:
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def run_wsgi(self) -> None:
        """Answer one request."""
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._body(environ))
        status, headers, content = self._handled(environ)
        self.send_response(status, http.client.responses.get(status, ""))
        for name, value in headers:
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        if self.command == "HEAD":  # its length is that of the answer to a GET, which only the application knows
            length = next((value for name, value in headers if name.lower() == "content-length"), "0")
            self.send_header("Content-Length", length)
        elif status not in _WITHOUT_BODY:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status not in _WITHOUT_BODY:
            self.wfile.write(content)
        self.wfile.flush()

    def _body(self, environ: Environ) -> bytes:
        if environ.get("wsgi.input_terminated"):  # sent in chunks
            body: bytes = environ["wsgi.input"].read()
            return body
        return self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))

    def _handled(self, environ: Environ) -> tuple[int, list[tuple[str, str]], bytes]:
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], None]:
            answered.append((status, headers))
            return lambda _data: None

        try:
            chunks = self.server.app(environ, start_response)
            content = b"".join(chunks)
            if hasattr(chunks, "close"):
                chunks.close()
        except Exception:  # noqa: BLE001 -- a defect of the server is an answer, too, and is logged
            type(self).failed(traceback.format_exc())
            return 500, [("Content-Type", "text/plain")], b"Internal Server Error"
        status, headers = answered[-1]
        return int(status.split(" ", 1)[0]), headers, content

    def log_request(self, *_: Any, **__: Any) -> None:
        """Print nothing per request."""

    def log(self, *_: Any, **__: Any) -> None:
        """Print nothing: a broken connection at the end of a run is no news."""
