"""Contestants of a benchmark, each in a process of its own on the same files, and the table of their ratios.

A contestant is a script of ``bench/`` that runs in the project environment, or one of ``bench/peers/`` that names what
it needs in its own header (PEP 723) and runs in an environment that uv makes for it: peers disagree on versions, with
each other and with us. Each prints one line of JSON (``bench/peers/reporting.py``). Absolute seconds are the machine's;
the ratios of one run are what can be compared. Peak memory is read from /proc: Linux only.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
_DEADLINE_SECONDS = 1800


@dataclass(frozen=True)
class Contestant:
    """``script`` is a path below ``bench/``; a peer's runs in an environment of its own."""

    name: str
    script: str
    arguments: Sequence[str] = ()

    @property
    def command(self) -> list[str]:
        path = str(ROOT / "bench" / self.script)
        if self.script.startswith("peers/"):
            return [sys.executable, "-m", "uv", "run", "--quiet", "--no-project", "--script", path, *self.arguments]
        return [sys.executable, path, *self.arguments]


@dataclass(frozen=True)
class Measured:
    """The medians of a contestant's runs, or why it has none."""

    name: str
    seconds: float = 0.0
    peak_mb: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)
    failed: str = ""


def data_folder(name: str, make: Callable[[Path], None]) -> Path:
    """Return ``.assembly/bench/<name>``, made once."""
    from cli.kept import kept

    return kept(ROOT / ".assembly" / "bench", name, make)


def measure(contestants: Sequence[Contestant], *, runs: int = 3) -> list[Measured]:
    """Run every contestant ``runs`` times, in turn, so that a slow moment of the machine hits all of them."""
    told: dict[str, list[dict[str, Any]]] = {contestant.name: [] for contestant in contestants}
    failed: dict[str, str] = {}
    for turn in range(runs):
        for contestant in contestants:
            if contestant.name in failed:
                continue
            print(f"{turn + 1}/{runs} {contestant.name}", file=sys.stderr, flush=True)
            try:
                told[contestant.name].append(_run(contestant))
            except RuntimeError as error:
                failed[contestant.name] = str(error)
    return [_median(name, each, failed.get(name, "")) for name, each in told.items()]


def show(title: str, measured: Sequence[Measured], *, ours: str, limit: str, goals: Sequence[str] = ()) -> None:
    """Print seconds, memory and ratios: how many times as long as the limit, and as ours, each took."""
    known = {one.name: one for one in measured if not one.failed}
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("contestant")
    for column in ("seconds", "x the limit", "x ours", "peak MB"):
        table.add_column(column, justify="right")
    table.add_column("note", overflow="fold")
    for one in measured:
        if one.failed:
            table.add_row(one.name, "", "", "", "", f"did not run: {one.failed}")
            continue
        note = ", ".join(f"{name} {value}" for name, value in one.figures.items())
        table.add_row(
            one.name,
            f"{one.seconds:.2f}",
            f"{one.seconds / known[limit].seconds:.2f}" if limit in known else "",
            f"{one.seconds / known[ours].seconds:.2f}" if ours in known else "",
            f"{one.peak_mb:.0f}",
            note,
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 140)
    console.print(table)
    for goal in goals:
        console.print(goal, style="dim")


def _run(contestant: Contestant) -> dict[str, Any]:
    done = subprocess.run(
        contestant.command, cwd=ROOT, capture_output=True, text=True, timeout=_DEADLINE_SECONDS, check=False
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it printed nothing"])[-1][:300])
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def _median(name: str, each: Sequence[dict[str, Any]], failed: str) -> Measured:
    if failed or not each:
        return Measured(name=name, failed=failed or "it was not run")
    figures = {key: value for key, value in each[-1].items() if key not in ("seconds", "peak_mb")}
    return Measured(
        name=name,
        seconds=statistics.median(one["seconds"] for one in each),
        peak_mb=statistics.median(one["peak_mb"] for one in each),
        figures=figures,
    )
