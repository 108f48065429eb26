"""A copy of the repository with lines of its own, in which tests call the ``line`` command as a user does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config.loading import ROOT

FOLDERS = ("cli", "config", "console", "constructs", "jobs", "lambdas", "local", "runtime", "stacks")
FILES = ("app.py", "cdk.json", "uv.lock")
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON on stdout, which must be the only thing there."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    @property
    def told(self) -> str:
        """The last line of stderr: what a user is told."""
        return self.stderr.rstrip("\n").rpartition("\n")[2]


@dataclass(frozen=True)
class Clone:
    """The copy; ``home`` is the home directory of every process that it starts, by which they are known."""

    root: Path
    home: Path

    @classmethod
    def make(cls, folder: Path) -> Clone:
        clone = cls(root=folder / "clone", home=folder / "home")
        clone.home.mkdir(parents=True)
        for part in FOLDERS:
            shutil.copytree(ROOT / part, clone.root / part)
        for name in FILES:
            shutil.copy(ROOT / name, clone.root / name)
        (clone.root / "lines").mkdir()
        return clone

    def at_home(self, home: Path) -> Clone:
        """Return the same copy, whose processes from now on are known by another home."""
        return replace(self, home=home)

    def line(self, *arguments: str, patience: float = PATIENCE_SECONDS) -> Ended:
        """Call the command and wait for its end."""
        process = self.start(*arguments)
        return self.wait(process, patience)

    def python(self, code: str) -> Ended:
        """Run a piece of Python, as a notebook beside the lines does."""
        return self.wait(self._started("-c", code))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Call the command."""
        return self._started("-m", "cli.main", *arguments)

    def _started(self, *arguments: str) -> subprocess.Popen[str]:
        temporary = self.home / "tmp"
        temporary.mkdir(exist_ok=True)
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.root,
            env={
                **os.environ,
                "HOME": str(self.home),
                "TMPDIR": str(temporary),
                "PYTHONPATH": f"{self.root}{os.pathsep}{self.root / 'constructs'}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self, process: subprocess.Popen[str], patience: float = PATIENCE_SECONDS) -> Ended:
        """Wait for a command's end; one that takes longer is interrupted."""
        try:
            stdout, stderr = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=30)
        return Ended(status=process.returncode, stdout=stdout, stderr=stderr)

    def new(self, name: str, *changes: tuple[str, str, str], template: str = "classification") -> None:
        """Make a line, then replace pieces of text in its files: (file, old, new)."""
        ended = self.line("new", name, "--template", template)
        assert ended.status == 0, ended.stderr
        for file, old, new in changes:
            path = self.root / "lines" / name / file
            text = path.read_text()
            assert old in text
            path.write_text(text.replace(old, new, 1))

    def processes(self) -> list[str]:
        """Return the command lines of the processes that the commands started and that are still there."""
        mark = f"HOME={self.home}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:  # it ended while we looked, or is not ours to look at
                continue
        return found

    def gone(self, patience: float = 5.0) -> bool:
        """Whether no process is left, now or in a moment."""
        deadline = time.monotonic() + patience
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        return not self.processes()
