"""The image's health check looks at a server and leaves every job alone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from jobs import health


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[BaseHTTPRequestHandler]]:
    """A server whose ping answers what ``status`` of the handler says."""

    class Handler(BaseHTTPRequestHandler):
        status = 200

        def do_GET(self) -> None:
            self.send_response(self.status if self.path == "/ping" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", str(server.server_address[1]))
        yield Handler
        server.shutdown()
        thread.join()


def process(tmp_path: Path, *words: str) -> Path:
    path = tmp_path / "cmdline"
    path.write_bytes("".join(f"{word}\0" for word in ("python", "-m", "jobs", *words)).encode())
    return path


@pytest.mark.usefixtures("served")
def test_a_server_that_answers_its_ping_is_healthy(tmp_path: Path) -> None:
    assert health.main(process(tmp_path, "serve")) == 0


def test_a_server_that_is_not_ready_is_not_healthy(
    served: type[BaseHTTPRequestHandler], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served.status = 503  # type: ignore[attr-defined]
    assert health.main(process(tmp_path, "serve")) == 1
    assert "/ping answers 503, expected 200" in capsys.readouterr().err


def test_a_server_that_does_not_answer_is_not_healthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", str(taken.getsockname()[1]))
        assert health.main(process(tmp_path, "serve")) == 1
    assert "no answer from 127.0.0.1:" in capsys.readouterr().err


@pytest.mark.parametrize("job", ["train", "score", "evaluate"])
def test_a_job_is_healthy_as_long_as_it_runs(job: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", "1")
    assert health.main(process(tmp_path, job, "--line", "flights")) == 0
