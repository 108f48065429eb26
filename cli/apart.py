"""A run in an embedded AWS of its own, in a process of its own: what ``line run --json`` printed, or how it failed."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.loading import ROOT
from local.processes import Processes

_DEADLINE_SECONDS = 3600


@dataclass(frozen=True)
class Apart:
    """What came of it."""

    document: Mapping[str, Any]
    """What ``line run --json`` printed; empty when it did not get that far."""
    told: str
    """The last thing that it said."""
    seconds: float

    @property
    def status(self) -> str:
        return str(self.document.get("status", "failed"))


def run_apart(
    processes: Processes,
    line: str,
    *,
    given: Sequence[str],
    raw: Path | None,
    on_line: Callable[[str], None] | None = None,
    root: Path = ROOT,
) -> Apart:
    """Run the line to its end; ``given`` are ``NAME=VALUE``, ``on_line`` hears what it says meanwhile."""
    command = [sys.executable, "-m", "cli.main", "run", line, "--json", "--port", "0"]
    for pair in given:
        command += ["--parameter", pair]
    if raw is not None:
        command += ["--raw", str(raw)]
    began = time.monotonic()
    finished = processes.run(
        command,
        environment={**os.environ, "PYTHONUNBUFFERED": "1"},
        directory=root,
        timeout=_DEADLINE_SECONDS,
        on_line=on_line,
    )
    lines = [text.rstrip("\n") for text in finished.lines]
    told = next((text for text in reversed(lines) if text.strip()), "it said nothing")
    if finished.timed_out:
        told = f"it did not end within {_DEADLINE_SECONDS} s"
    return Apart(document=_document(lines), told=told, seconds=time.monotonic() - began)


def _document(lines: Sequence[str]) -> dict[str, Any]:
    """Return the JSON document among what a run printed: from the line ``{`` to the line ``}``."""
    try:
        start, end = lines.index("{"), len(lines) - lines[::-1].index("}")
        found: dict[str, Any] = json.loads("\n".join(lines[start:end]))
    except ValueError:
        return {}
    return found
