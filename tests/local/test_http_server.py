"""The HTTP server: one connection, many requests, whole answers."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from local.http_server import HttpServer

failures: list[str] = []


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/broken":
        raise RuntimeError("a defect")
    body = environ["wsgi.input"].read()
    status = "204 No Content" if environ["PATH_INFO"] == "/nothing" else "200 OK"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [environ["REQUEST_METHOD"].encode(), b" ", body]


@pytest.fixture
def connection() -> Iterator[http.client.HTTPConnection]:
    failures.clear()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = HttpServer(listener, echo, failures.append)
        connection = http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=10)
        yield connection
        connection.close()
        server.close()


def ask(connection: http.client.HTTPConnection, verb: str, path: str = "/", **more: Any) -> tuple[int, bytes]:
    connection.request(verb, path, **more)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_a_connection_stays_open(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "PUT", body=b"one") == (200, b"PUT one")
    first = connection.sock
    assert ask(connection, "PUT", body=b"two") == (200, b"PUT two")
    assert connection.sock is first


def test_a_body_in_chunks_is_read(connection: http.client.HTTPConnection) -> None:
    chunked: dict[str, Any] = {
        "body": iter([b"a", b"bc"]),
        "encode_chunked": True,
        "headers": {"Transfer-Encoding": "chunked"},
    }
    assert ask(connection, "POST", **chunked) == (200, b"POST abc")
    assert ask(connection, "GET") == (200, b"GET ")


def test_an_answer_without_a_body_does_not_disturb_the_next(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "HEAD") == (200, b"")
    assert ask(connection, "GET", "/nothing") == (204, b"")
    assert ask(connection, "GET") == (200, b"GET ")


def test_a_caller_that_waits_for_leave_to_send_gets_it(connection: http.client.HTTPConnection) -> None:
    connection.connect()
    sent = connection.sock
    assert sent is not None
    sent.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert sent.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    sent.sendall(b"ok")
    assert sent.recv(1000).endswith(b"PUT ok")


def test_a_defect_is_an_answer_and_is_told(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "GET", "/broken") == (500, b"Internal Server Error")
    assert failures[0].strip().splitlines()[-1] == "RuntimeError: a defect"
