"""HTTP/1.1 for a model server: one process, answers in the order of the requests, and an end that loses none.

Parsing is httptools' (llhttp). Small requests are predicted where they arrive, which costs less than handing them over;
a large one goes to a thread, so that a ping is answered meanwhile. On SIGTERM the socket is closed to new connections,
every request that has arrived or is arriving is answered with ``Connection: close``, and then the process ends.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http import HTTPStatus

import httptools

from runtime.instances import LARGEST_BODY
from runtime.serving.service import Answer, Request, refusal

AT_ONCE = 64 * 1024
"""Bytes of a body up to which predicting in place costs less than a thread, and holds up no ping."""
LARGEST_HEAD = 32 * 1024
IDLE = 75.0
"""Seconds after which a connection that says nothing is closed."""
LINGER = 0.5
"""Seconds that a draining server waits for a request that may be under way on an open connection."""
_LONGEST_REFUSED = 64 * 1024 * 1024
"""Bytes of a refused body that are read and dropped, so that its sender comes to read the refusal."""
_WANTED = {b"content-type", b"accept", b"content-length", b"expect"}

Respond = Callable[[Request], Answer]


async def serve(respond: Respond, host: str, port: int, grace: float) -> None:
    """Serve until SIGTERM or SIGINT, then at most ``grace`` seconds longer."""
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    server = Server(respond)
    await server.start(host, port)
    await asked.wait()
    await server.stop(grace)


class Server:
    """What connections share: who answers, the threads, the date."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.connections: set[Connection] = set()
        self.draining = False
        self.threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="predict")
        self.date = b""
        self._listener: asyncio.Server
        self._ticking: asyncio.Task[None]

    async def start(self, host: str, port: int) -> int:
        """Listen and return the port, which is any free one for 0."""
        self._tick()
        self._ticking = asyncio.create_task(self._ticks())
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: Connection(self), host, port, backlog=1024
        )
        found: int = self._listener.sockets[0].getsockname()[1]
        return found

    async def stop(self, grace: float) -> None:
        """Take no new connection, answer what has arrived and what arrives on open ones, at most for some seconds."""
        self._ticking.cancel()
        await asyncio.sleep(0.01)  # who knocked before is let in
        self._listener.close()
        await self._drain(time.monotonic() + grace)

    async def _drain(self, until: float) -> None:
        self.draining = True
        began = time.monotonic()
        while self.connections and time.monotonic() < until:
            await asyncio.sleep(0.02)
            if time.monotonic() > began + LINGER:
                for connection in list(self.connections):
                    connection.close_if_idle(LINGER)
        for connection in list(self.connections):
            connection.abort()
        self.threads.shutdown(wait=False, cancel_futures=True)

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._tick()

    def _tick(self) -> None:
        self.date = b"\r\nDate: " + formatdate(usegmt=True).encode()
        for connection in list(self.connections):
            connection.close_if_idle(IDLE)


class Connection(asyncio.Protocol):
    """One client: its requests are answered one after the other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._busy = False  # a thread predicts
        self._arriving = False  # a request has begun and is not complete
        self._deaf = False  # nothing more is answered
        self._ignored = 0
        self._begun = 0
        self._heard = time.monotonic()
        self._begin()

    def _begin(self) -> None:
        self._url, self._in_head, self._head = b"", True, 0
        self._headers: dict[bytes, bytes] = {}
        self._parts: list[bytes] = []
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deaf = True
        self._waiting.clear()
        self._server.connections.discard(self)

    def pause_writing(self) -> None:
        self._transport.pause_reading()  # who does not read his answers may ask no more

    def resume_writing(self) -> None:
        if not self._busy:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._heard = time.monotonic()
        if self._deaf:
            self._ignored += len(data)
            if self._ignored > _LONGEST_REFUSED:
                self._transport.abort()
            return
        self._arriving = True
        before = self._begun
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # answered in HTTP/1.1, and closed
        except httptools.HttpParserError:
            self._refuse(400, "this is not an HTTP/1.1 request")
        if self._in_head and self._begun == before:
            self._head += len(data)  # all of it belongs to a head that is not complete
        if self._head > LARGEST_HEAD:
            self._refuse(431, f"the request's head is larger than {LARGEST_HEAD} bytes: send fewer headers")

    def on_message_begin(self) -> None:
        self._begin()
        self._begun += 1
        self._arriving = True

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in _WANTED:
            self._headers[name] = value

    def on_headers_complete(self) -> None:
        self._in_head = False
        length = self._headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > LARGEST_BODY:
            self._refuse_body()
        elif self._headers.get(b"expect", b"").lower() == b"100-continue" and not self._deaf:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._deaf:
            return
        self._size += len(body)
        if self._size > LARGEST_BODY:
            self._refuse_body()
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        self._arriving = False
        if self._deaf:
            return
        request = Request(
            method=self._parser.get_method().decode("latin-1"),
            path=self._url.partition(b"?")[0].decode("latin-1"),
            content_type=self._headers.get(b"content-type", b"").decode("latin-1"),
            accept=self._headers.get(b"accept", b"").decode("latin-1"),
            body=self._parts[0] if len(self._parts) == 1 else b"".join(self._parts),
        )
        self._parts = []
        keep = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        if self._busy:
            self._waiting.append((request, keep))
        else:
            self._take(request, keep)

    def close_if_idle(self, seconds: float) -> None:
        """Close the connection if nothing was heard for so long and nobody waits for an answer.

        A request that never arrives completely holds it open for a while longer, not for ever.
        """
        silent = time.monotonic() - self._heard
        if not self._busy and silent > (max(seconds, IDLE) if self._arriving else seconds):
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _take(self, request: Request, keep: bool) -> None:
        if len(request.body) <= AT_ONCE:
            self._send(request, self._server.respond(request), keep)
            return
        self._busy = True
        self._transport.pause_reading()
        work = asyncio.get_running_loop().run_in_executor(self._server.threads, self._server.respond, request)
        work.add_done_callback(lambda done: self._predicted(request, done, keep))

    def _predicted(self, request: Request, done: asyncio.Future[Answer], keep: bool) -> None:
        self._busy = False
        self._heard = time.monotonic()
        if done.cancelled() or self._transport.is_closing():
            return
        self._send(request, done.result(), keep)
        while self._waiting and not self._busy and not self._deaf:
            self._take(*self._waiting.popleft())
        if not self._busy and not self._transport.is_closing():
            self._transport.resume_reading()

    def _send(self, request: Request, answer: Answer, keep: bool) -> None:
        keep = keep and not (self._server.draining and not self._waiting)
        self._write(answer, keep, body=request.method != "HEAD")
        if not keep:
            self._deaf = True
            self._transport.close()

    def _write(self, answer: Answer, keep: bool, *, body: bool = True) -> None:
        head = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"
        head += f"\r\nContent-Type: {answer.content_type}\r\nContent-Length: {len(answer.body)}"
        for name, value in answer.headers:
            head += f"\r\n{name}: {value}"
        if not keep:
            head += "\r\nConnection: close"
        self._transport.write(head.encode() + self._server.date + b"\r\n\r\n" + (answer.body if body else b""))

    def _refuse_body(self) -> None:
        self._refuse(413, f"the body is larger than {LARGEST_BODY} bytes: send fewer instances at once")

    def _refuse(self, status: int, message: str) -> None:
        """Answer and hear no more: what is still sent is dropped until the sender has read the answer and goes."""
        if self._deaf:
            return
        self._deaf, self._parts = True, []
        self._write(refusal(status, message), keep=False)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._arriving = False
