"""One run of a job's code as a child process: on its role, with its log stream, until its end, time-out or stop."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from local.log_streams import LogStream
from local.processes import GRACE, Child
from local.warm import ISOLATION

if TYPE_CHECKING:
    from local.server import EmbeddedAws

INTERPRETERS = ("python", "python3")


@dataclass(frozen=True)
class Ended:
    """How a run ended; ``lines`` are the last that it printed."""

    exit_code: int
    timed_out: bool
    stopped: bool
    lines: tuple[str, ...]


class JobProcess:
    """A run that can be stopped from another thread, even before it has begun."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._child: Child | None = None
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def stop(self) -> None:
        """End the run, now or as soon as it begins."""
        with self._lock:
            self.stopping.set()
            child = self._child
        if child and child.poll() is None:
            child.terminate()
            self._kill_later(child)

    def run(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        log: LogStream,
        timeout: float | None,
    ) -> Ended:
        """Run the command to its end; ``timeout`` in seconds."""
        with self._lock:
            if self.stopping.is_set():
                return Ended(exit_code=-1, timed_out=False, stopped=True, lines=())
            child = self._child = self._aws.processes.start(
                interpreted(command), environment=environment, directory=directory, on_line=log.write, warm=True
            )
        timed_out = False
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            child.kill()
        child.drain()
        self._aws.processes.forget(child)
        log.flush()
        code = child.poll()
        return Ended(
            exit_code=-9 if code is None else code,
            timed_out=timed_out,
            stopped=self.stopping.is_set() and not timed_out,
            lines=tuple(log.last),
        )

    def _kill_later(self, child: Child) -> None:
        """Kill a child that does not end when asked to, as containers are."""

        def kill() -> None:
            if child.poll() is None:
                child.kill()

        timer = threading.Timer(GRACE, kill)
        timer.daemon = True
        timer.start()


def interpreted(command: Sequence[str]) -> list[str]:
    """Return the command with ``python`` as the interpreter that this process runs on."""
    return [sys.executable, *command[1:]] if command and command[0] in INTERPRETERS else list(command)


def child_environment(
    aws: EmbeddedAws,
    role_arn: str | None,
    *,
    variables: Mapping[str, str] = MappingProxyType({}),
    python_path: Sequence[Path] = (),
) -> dict[str, str]:
    """Return the environment of a job's child: its role, its variables, and no import path into the checkout."""
    environment = aws.environment(role_arn) | dict(variables)
    given = [environment["PYTHONPATH"]] if environment.get("PYTHONPATH") else []
    interpreter = str(Path(sys.executable).parent)
    return environment | {
        "PATH": ":".join([interpreter, environment.get("PATH", "/usr/bin:/bin")]),
        "PYTHONPATH": ":".join([str(ISOLATION), *map(str, python_path), *given]),
        "PYTHONUNBUFFERED": "1",
    }
