"""Python programs that a command runs beside itself: their output is theirs, their failure one line."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cli.ending import keep_log
from config.errors import LineError
from config.reading import shown
from local.processes import Processes

TOLD = 65
"""Exit code of a program whose last line is a LineError's message, which stands for itself."""


def run_python(
    processes: Processes,
    arguments: Sequence[str],
    *,
    subject: str,
    environment: Mapping[str, str],
    timeout: float,
    root: Path,
) -> None:
    """Run it to its end; raises LineError that begins with ``subject``, with the last thing it said, when it fails."""
    command = [sys.executable, *arguments]
    unbuffered = {**environment, "PYTHONUNBUFFERED": "1"}  # or what it printed earlier would come after its error
    finished = processes.run(command, environment=unbuffered, directory=root, timeout=timeout)
    if finished.exit_code == 0 and not finished.timed_out:
        return
    said = _last_said(finished.lines)
    if finished.exit_code == TOLD:
        raise LineError(said)
    problem = f"it did not end within {timeout:.0f} s" if finished.timed_out else said
    log = keep_log("child", "\n".join(finished.lines), root)
    raise LineError(f"{subject}: {problem} (all it said: {shown(log, root)})")


def _last_said(lines: Sequence[str]) -> str:
    """Return the last line that tells what went wrong: behind it Python may tell of what ended badly because of it."""
    ends = next((number for number, line in enumerate(lines) if line.startswith("Exception ignored in")), len(lines))
    return next((line.strip() for line in reversed(lines[:ends]) if line.strip()), "it said nothing")
