"""One warm worker of a Lambda function: its process, and the Runtime API that the process talks to."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import queue
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from local import bootstrap
from local.processes import Processes

START_LIMIT = 60.0
"""Seconds that a function has to import its handler; AWS gives 10, a busy laptop needs more."""

_LOG_LIMIT = 1.0
_EXIT_LIMIT = 3.0


@dataclass(frozen=True)
class Function:
    """What a worker needs to know of its function."""

    name: str
    arn: str
    version: str
    handler: str
    timeout: float
    memory: int
    log_group: str
    code: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What one invocation gave: its payload, whether that is an error, and what was logged."""

    payload: bytes
    failed: bool
    lines: list[str]


class Worker:
    """One process, one invocation at a time."""

    def __init__(self, function: Function, processes: Processes, inherited: Mapping[str, str]) -> None:
        self.function = function
        today = dt.datetime.now(tz=dt.UTC)
        self.log_stream = f"{today:%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
        self.usable = True
        self._inbox: queue.SimpleQueue[tuple[str, bytes, float]] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self._lines: list[str] = []
        self._logged = threading.Event()
        self._ready = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        threading.Thread(target=self._serve, daemon=True).start()
        self._child = processes.start(
            [sys.executable, "-P", bootstrap.__file__],
            environment=self._environment(inherited),
            directory=function.code,
            on_line=self._hear,
            on_end=self._end,
        )

    def invoke(self, event: bytes) -> Outcome:
        """Hand over one event and wait for what comes of it."""
        request = str(uuid.uuid4())
        self._logged = threading.Event()
        self._ready.wait(START_LIMIT)
        started = time.monotonic()
        self._inbox.put((request, event, time.time() + self.function.timeout))
        kind, payload = self._wait(request)
        if kind != "timeout":
            self._logged.wait(_LOG_LIMIT)
        milliseconds = (time.monotonic() - started) * 1000
        printed, self._lines = self._lines, []
        lines = [
            f"START RequestId: {request} Version: {self.function.version}",
            *printed,
            *([json.loads(payload)["errorMessage"]] if kind in ("timeout", "exit") else []),
            f"END RequestId: {request}",
            f"REPORT RequestId: {request}\tDuration: {milliseconds:.2f} ms\tMemory Size: {self.function.memory} MB",
        ]
        if kind not in ("response", "error"):
            self.stop()
        return Outcome(payload=payload, failed=kind != "response", lines=lines)

    def stop(self) -> None:
        """End the process."""
        self.usable = False
        self._child.kill()
        self._stop_listening()

    def _wait(self, request: str) -> tuple[str, bytes]:
        limit = self.function.timeout + (0 if self._ready.is_set() else START_LIMIT)
        try:
            kind, payload = self._outbox.get(timeout=limit)
        except queue.Empty:
            text = f"{request} Task timed out after {self.function.timeout:.2f} seconds"
            return "timeout", _error("Sandbox.Timedout", f"RequestId: {text}")
        if kind == "exit":
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(_EXIT_LIMIT)
            text = f"RequestId: {request} Error: Runtime exited with error: exit status {self._child.poll()}"
            return kind, _error("Runtime.ExitError", text)
        return kind, payload

    def _hear(self, line: str) -> None:
        if line.startswith(bootstrap.END_OF_LOG):
            self._logged.set()
        else:
            self._lines.append(line)

    def _stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone would not wake the thread that accepts
        self._listener.close()

    def _end(self) -> None:
        self.usable = False
        self._stop_listening()
        self._ready.set()
        self._logged.set()
        self._outbox.put(("exit", b""))

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            connection, address = self._listener.accept()
            self._listener.close()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                _RuntimeApi(connection, address, self)  # type: ignore[arg-type]  # the worker stands for the server

    def take(self) -> tuple[str, bytes, float]:
        """Give the next event to the process: called when it asks for one."""
        self._ready.set()
        return self._inbox.get()

    def finish(self, kind: str, payload: bytes) -> None:
        """Take the answer of the process."""
        if kind == "init":
            self.usable = False
            self._ready.set()
        self._outbox.put((kind, payload))

    def _environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        function = self.function
        return {
            **inherited,
            **function.environment,
            "_HANDLER": function.handler,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._listener.getsockname()[1]}",
            "LAMBDA_TASK_ROOT": str(function.code),
            "PYTHONPATH": str(function.code),
            "PYTHONUNBUFFERED": "1",
            "TZ": "UTC",
        }


class _RuntimeApi(BaseHTTPRequestHandler):
    """The four routes of the Lambda Runtime API, for one worker."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Any

    def do_GET(self) -> None:
        request, event, deadline = self.server.take()
        self._send(
            200,
            event,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": request,
                "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": self.server.function.arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._send(202, b'{"status":"OK"}', {"Content-Type": "application/json"})
        kind = "init" if self.path.endswith("/init/error") else self.path.rsplit("/", 1)[-1]
        self.server.finish(kind, body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name that the base class has
        """Print nothing per request."""

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


Listener = Callable[[str, str, list[str]], None]
