"""The children of the embedded AWS: each runs in its own process group, and none outlives the server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.errors import LineError
from local.warm import Forked, WarmInterpreter

GRACE = 3.0
"""Seconds that a child has between being asked to end and being killed."""

LONGEST_OUTPUT = 20_000
"""Lines of a job's output that are kept; a listener sees every one."""


@dataclass(frozen=True)
class Finished:
    """How a child ended: its exit code (negative for a signal), whether time ran out, and what it printed."""

    exit_code: int
    timed_out: bool
    lines: list[str] = field(default_factory=list)


class Child:
    """One running process and the group that it leads."""

    def __init__(
        self,
        process: subprocess.Popen[str] | Forked,
        on_line: Callable[[str], None] | None,
        on_end: Callable[[], None] | None,
    ) -> None:
        self._process = process
        self.pid = process.pid
        reading = threading.Thread(target=self._read, args=(on_line, on_end), daemon=True)
        self._reader = reading if process.stdout else None
        if self._reader:
            self._reader.start()

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once the process has ended; raises subprocess.TimeoutExpired."""
        return self._process.wait(timeout)

    def terminate(self) -> None:
        """Ask the whole group to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group now and collect it."""
        self._signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)

    def drain(self) -> None:
        """Wait until everything that the process printed has been read; what it left behind is ended first."""
        self._signal(signal.SIGKILL)
        if self._reader:
            self._reader.join(GRACE)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _read(self, on_line: Callable[[str], None] | None, on_end: Callable[[], None] | None) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                if on_line:
                    on_line(line.rstrip("\n"))
        if on_end:
            on_end()


class Processes:
    """Starts children and ends every one of them on close."""

    def __init__(self, warm: WarmInterpreter | None = None) -> None:
        self._children: set[Child] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._warm = warm

    def start(
        self,
        command: list[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        log: Path | None = None,
        on_line: Callable[[str], None] | None = None,
        on_end: Callable[[], None] | None = None,
        user: int | None = None,
        warm: bool = False,
    ) -> Child:
        """Start a child that runs until it ends itself or is ended.

        What it prints goes to the file ``log``, else line by line to ``on_line``; ``on_end`` hears that no more comes.
        ``user`` is whom it runs as, in place of this process's own. ``warm`` lets it be a fork of the warm interpreter,
        where there is one; it must then print to ``on_line``.
        """
        with self._lock:
            self._refuse_when_closed()
        forked = self._warm.start(command, environment, directory) if warm and self._warm else None
        if forked is not None:
            return self._known(Child(forked, on_line, on_end))
        with log.open("ab") if log else contextlib.nullcontext(subprocess.PIPE) as output:
            process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
        return self._known(Child(process, on_line, on_end))

    def _known(self, child: Child) -> Child:
        """Keep a child, to be ended with the others."""
        with self._lock:
            closed = self._closed
            self._children = {known for known in self._children if known.poll() is None} | {child}
        if closed:
            child.kill()
            self._refuse_when_closed()
        return child

    def run(
        self,
        command: list[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
        user: int | None = None,
    ) -> Finished:
        """Run a child to its end, or end it when ``timeout`` seconds have passed."""
        lines: list[str] = []

        def keep(line: str) -> None:
            if len(lines) < LONGEST_OUTPUT:
                lines.append(line)
            if on_line:
                on_line(line)

        child = self.start(command, environment=environment, directory=directory, on_line=keep, user=user)
        timed_out = False
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            child.kill()
        child.drain()
        self.forget(child)
        code = child.poll()
        return Finished(exit_code=-signal.SIGKILL if code is None else code, timed_out=timed_out, lines=lines)

    def forget(self, child: Child) -> None:
        """Take an ended child off the list."""
        with self._lock:
            self._children.discard(child)

    @property
    def running(self) -> list[Child]:
        """The children that have not ended."""
        with self._lock:
            return [child for child in self._children if child.poll() is None]

    def close(self) -> None:
        """End every child: ask, wait ``GRACE`` seconds for all together, then kill. Safe to call again."""
        with self._lock:
            self._closed = True
            children = list(self._children)
        for child in children:
            child.terminate()
        deadline = time.monotonic() + GRACE
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.01, deadline - time.monotonic()))
        for child in children:
            child.kill()
        if self._warm:
            self._warm.close()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise LineError("embedded AWS: it is closing and starts no more processes: start it again")
