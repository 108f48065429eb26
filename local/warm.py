"""Jobs that start warm: forked from one interpreter that has imported the libraries already.

A job of a line spends most of a second to three on importing what every job of every line imports. Each is a process of
its own all the same, with its own environment, directory, import path and end.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ISOLATION = Path(__file__).parent / "isolation"
"""The folder that keeps the checkout off a child's import path, when it stands on PYTHONPATH."""

INTERPRETER = ISOLATION / "warm_interpreter.py"
THREADS = "OMP_NUM_THREADS"
"""What numeric libraries read as they are loaded, so that a fork cannot change it any more."""

_LARGEST = 64 * 1024
"""Bytes of a request that are sure to fit a packet."""


@dataclass(eq=False)
class Forked:
    """A process that was forked, as ``subprocess.Popen`` would show it."""

    pid: int
    stdout: IO[str]
    code: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self.code

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once the process has ended; raises subprocess.TimeoutExpired."""
        if not self.ended.wait(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        assert self.code is not None  # noqa: S101 (it is known before it is told)
        return self.code

    def end(self, code: int) -> None:
        """Take note of how it ended."""
        self.code = code
        self.ended.set()


class WarmInterpreter:
    """The interpreter to fork from; it imports in the background, and ends with ``close`` or with this process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, tuple[threading.Event, list[Forked], IO[str]]] = {}
        self._running: dict[int, Forked] = {}
        self._gone = False
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(INTERPRETER), str(theirs.fileno())],
                env={"PYTHONPATH": str(ISOLATION), THREADS: "1", "PATH": os.environ.get("PATH", "/usr/bin:/bin")},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        threading.Thread(target=self._hear, name="warm interpreter", daemon=True).start()

    def start(self, command: Sequence[str], environment: Mapping[str, str], directory: Path) -> Forked | None:
        """Start a command as a fork; None where that would differ from a fresh process, or cannot be."""
        path = environment.get("PYTHONPATH", "").split(os.pathsep)
        plain = len(command) > 1 and command[0] == sys.executable and (command[1] == "-m" or command[1][0] != "-")
        if not plain or str(ISOLATION) not in path or environment.get(THREADS, "1") != "1":
            return None
        number, told = next(self._numbers), threading.Event()
        request = {"id": number, "command": list(command[1:]), "environment": dict(environment)}
        packet = json.dumps(request | {"directory": str(directory)}).encode()
        if len(packet) > _LARGEST:
            return None
        reading, writing = os.pipe()
        found: list[Forked] = []
        output = open(reading, encoding="utf-8", errors="replace")  # noqa: SIM115, PTH123 (a pipe; its reader closes it)
        with self._lock:
            if self._gone:
                output.close()
                os.close(writing)
                return None
            self._waiting[number] = (told, found, output)
            try:
                socket.send_fds(self._socket, [packet], [writing])
            except OSError:
                del self._waiting[number]
                told.set()
            finally:
                os.close(writing)
        told.wait()
        if not found:
            output.close()
            return None
        return found[0]

    def close(self) -> None:
        """End the interpreter; what it has forked is ended before, as any child."""
        self._process.terminate()
        self._process.wait()

    def _hear(self) -> None:
        while True:
            try:
                packet = self._socket.recv(4096)
            except OSError:
                packet = b""
            if not packet:
                break
            said = json.loads(packet)
            with self._lock:
                if "pid" in said:
                    told, found, output = self._waiting.pop(said["id"])
                    found.append(Forked(said["pid"], output))
                    self._running[said["id"]] = found[0]
                    told.set()
                else:
                    self._running.pop(said["id"]).end(said["code"])
        with self._lock:
            self._gone = True
            for told, _, _ in self._waiting.values():
                told.set()
            for forked in self._running.values():
                forked.end(-9)
            self._socket.close()


def possible() -> bool:
    """Whether a process may be forked here once libraries are loaded: on Linux only."""
    return platform.system() == "Linux"
