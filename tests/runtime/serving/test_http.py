"""The server over real sockets: what it says, what it closes, and how it ends."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import pytest

from runtime.instances import LARGEST_BODY
from runtime.serving import http
from runtime.serving.http import AT_ONCE, Server
from runtime.serving.service import Answer, Request

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Play = Callable[[Server, Callable[[], Awaitable[Client]]], Awaitable[None]]


def echo(request: Request) -> Answer:
    """Answer with what was understood; a body that begins with ``wait`` takes a moment."""
    if request.body.startswith(b"wait"):
        time.sleep(0.15)
    told = f"{request.method} {request.path} {request.content_type}|{request.accept} {len(request.body)}"
    return Answer(200, "text/plain", told.encode())


def play(scene: Play) -> None:
    """Let clients play with a server in one event loop; the connections they opened are closed after it."""

    async def on_stage() -> None:
        server, opened = Server(echo), []
        port = await server.start("127.0.0.1", 0)

        async def connect() -> Client:
            client = await asyncio.open_connection("127.0.0.1", port)
            opened.append(client[1])
            return client

        try:
            await asyncio.wait_for(scene(server, connect), timeout=10)
        finally:
            for writer in opened:
                writer.close()
            await server.stop(grace=0)

    asyncio.run(on_stage())


def post(body: bytes, *headers: str) -> bytes:
    lines = ["POST /invocations?x=1 HTTP/1.1", "Host: here", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, await reader.readexactly(int(headers.get("content-length", 0)))


def test_a_request_is_understood_however_it_is_cut() -> None:
    async def scene(_: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        reader, writer = await connect()
        for byte in post(b"abc", "Content-TYPE: text/csv", "accept: */*"):
            writer.write(bytes([byte]))
            await writer.drain()
        status, headers, body = await answer(reader)
        assert (status, body) == (200, b"POST /invocations text/csv|*/* 3")
        assert "connection" not in headers
        assert headers["date"].endswith("GMT")

    play(scene)


def test_requests_sent_together_are_answered_in_their_order() -> None:
    async def scene(_: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        reader, writer = await connect()
        slow = b"wait" + b" " * AT_ONCE  # so large that a thread predicts it
        writer.write(post(b"a") + post(slow) + post(b"ab") + post(slow) + b"GET /ping HTTP/1.1\r\n\r\n")
        sizes = [(await answer(reader))[2].split()[-1] for _turn in range(5)]
        assert sizes == [b"1", b"65540", b"2", b"65540", b"0"]

    play(scene)


def test_a_ping_is_answered_while_threads_predict() -> None:
    async def scene(_: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        busy = [await connect() for _turn in range(6)]
        for _reader, writer in busy:
            writer.write(post(b"wait" + b" " * AT_ONCE))
        reader, writer = await connect()
        began = time.monotonic()
        writer.write(b"GET /ping HTTP/1.1\r\n\r\n")
        assert (await answer(reader))[0] == 200
        assert time.monotonic() - began < 0.1
        assert [(await answer(reader))[0] for reader, _writer in busy] == [200] * 6

    play(scene)


def test_a_body_sent_in_chunks_is_put_together() -> None:
    async def scene(_: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        reader, writer = await connect()
        writer.write(
            b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        assert (await answer(reader))[2].endswith(b" 5")

    play(scene)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: %d" % (LARGEST_BODY + 1),
        b"Content-Length: %d\r\nExpect: 100-continue" % (LARGEST_BODY + 1),
        b"Content-Length: " + b"9" * 15,
    ],
)
def test_a_body_that_says_it_is_too_large_is_refused_unread(head: bytes) -> None:
    async def scene(_: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        reader, writer = await connect()
        writer.write(b"POST /invocations HTTP/1.1\r\n" + head + b"\r\n\r\n")
        status, headers, body = await answer(reader)
        assert (status, headers["connection"]) == (413, "close")
        assert body == b'{"error": "the body is larger than 6291456 bytes: send fewer instances at once"}'
        assert await reader.read() == b""

    play(scene)


def test_a_body_that_grows_too_large_is_refused_and_no_longer_kept() -> None:
    async def scene(_: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        reader, writer = await connect()
        writer.write(b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        for _turn in range(9):  # the sender goes on: it reads no answer before it has sent all
            writer.write(chunk)
            await writer.drain()
        assert (await answer(reader))[0] == 413

    play(scene)


def test_who_waits_to_be_told_is_told_to_go_on() -> None:
    async def scene(_: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        reader, writer = await connect()
        head, body = post(b"abc", "Expect: 100-continue").split(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await answer(reader))[0] == 200

    play(scene)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"what is this\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 200),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(sent: bytes, status: int) -> None:
    async def scene(_: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        reader, writer = await connect()
        writer.write(sent)
        assert (await answer(reader))[0] == status
        assert await reader.read() == b""

    play(scene)


@pytest.mark.parametrize("head", [b"GET /ping HTTP/1.1\r\nX: ", b"GET /"])
def test_a_head_without_an_end_is_refused(head: bytes) -> None:
    async def scene(_: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        reader, writer = await connect()
        writer.write(head)
        for _turn in range(5):
            await asyncio.sleep(0.01)
            writer.write(b"a" * 10_000)
        assert (await answer(reader))[0] == 431

    play(scene)


def test_an_old_client_gets_its_connection_closed() -> None:
    async def scene(_: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        reader, writer = await connect()
        writer.write(b"GET /ping HTTP/1.0\r\n\r\n")
        assert (await answer(reader))[1]["connection"] == "close"
        assert await reader.read() == b""

    play(scene)


def test_a_connection_that_says_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "IDLE", 0.01)

    async def scene(server: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        reader, writer = await connect()
        writer.write(post(b"abc")[:-1])  # never complete
        await asyncio.sleep(0.05)
        server._tick()
        assert await reader.read() == b""

    play(scene)


def test_stopping_answers_what_is_under_way_and_refuses_the_rest() -> None:
    async def scene(server: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        predicting, arriving, idle = await connect(), await connect(), await connect()
        predicting[1].write(post(b"wait" + b" " * AT_ONCE))
        arriving[1].write(post(b"abc")[:-1])
        await asyncio.sleep(0.05)
        stopping = asyncio.create_task(server.stop(grace=5))
        await asyncio.sleep(0.05)
        with pytest.raises(ConnectionRefusedError):
            await connect()
        arriving[1].write(b"c")
        idle[1].write(post(b"ab"))  # it was under way: the connection was open when it was sent
        for reader, _writer in (predicting, arriving, idle):
            status, headers, _ = await answer(reader)
            assert (status, headers["connection"]) == (200, "close")
        await stopping

    play(scene)


def test_stopping_does_not_wait_longer_than_its_grace() -> None:
    async def scene(server: Server, connect: Callable[[], Awaitable[Client]]) -> None:
        _reader, writer = await connect()
        writer.write(post(b"abc")[:-1])
        await asyncio.sleep(0.02)
        began = time.monotonic()
        await server.stop(grace=0.1)
        assert time.monotonic() - began < 1

    before = threading.active_count()
    play(scene)
    assert threading.active_count() <= before + 2
