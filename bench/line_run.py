"""How long a warm ``line run`` takes from synth to summary, and how much memory its processes hold together at once.

    make bench                                   # line flights: one run to warm up, three measured
    python bench/line_run.py flights --runs 5

Reads /proc, so it measures memory on Linux only. Memory is the sum of resident sets, which counts shared pages more
than once: an upper bound.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
GOAL_SECONDS, GOAL_GIB = 60.0, 4.0
_SAMPLE_SECONDS = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measured:
    seconds: float
    peak_gib: float
    document: dict[str, Any]


def measure(line: str) -> Measured:
    """Run the line once in processes of its own; raises RuntimeError when the run does not succeed."""
    began, peak = time.monotonic(), 0
    command = [sys.executable, "-m", "cli.main", "run", line, "--json", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(_SAMPLE_SECONDS)
        seconds = time.monotonic() - began
        out, err = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(err.strip().splitlines()[-1])
    return Measured(seconds=seconds, peak_gib=peak / 2**30, document=json.loads(out))


def resident(root: int) -> int:
    """Return the bytes that a process and its descendants hold in memory."""
    parents: dict[int, list[int]] = {}
    sizes: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            sizes[int(folder.name)] = int((folder / "statm").read_text().split()[1]) * _PAGE
        except (OSError, IndexError):  # it ended while we looked
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        total += sizes.get(process, 0)
        waiting += parents.get(process, [])
    return total


def report(line: str, runs: list[Measured]) -> None:
    """Print the medians beside the goals, and the stations of the median run."""
    ranked = sorted(runs, key=lambda run: run.seconds)
    middle = ranked[len(ranked) // 2]
    title = f"line run {line}, warm, {len(runs)} runs"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("what")
    for column in ("median", "range", "goal"):
        table.add_column(column, justify="right")
    seconds, peaks = [run.seconds for run in runs], [run.peak_gib for run in runs]
    table.add_row(
        "from synth to summary, s",
        f"{statistics.median(seconds):.1f}",
        f"{min(seconds):.1f} to {max(seconds):.1f}",
        f"at most {GOAL_SECONDS:.0f}",
    )
    table.add_row(
        "peak of all processes, GiB",
        f"{statistics.median(peaks):.2f}",
        f"{min(peaks):.2f} to {max(peaks):.2f}",
        f"under {GOAL_GIB:.0f}",
    )
    table.add_row("the execution alone, s", f"{middle.document['seconds']:.1f}", "", "")
    for station in middle.document["stations"]:
        table.add_row(f"  {station['station']}, s", f"{station['seconds']:.1f}", "", "")
    trainings = middle.document["trainings"]
    whole, fit = (sum(training[key] for training in trainings) for key in ("seconds", "fit_seconds"))
    table.add_row(f"{len(trainings)} trainings in their jobs, s", f"{whole:.1f}", "", "")
    table.add_row("  of these in train.py, s", f"{fit:.1f}", "", "")
    table.add_row("  the jobs over train.py", f"{whole / fit:.2f} x", "", "")
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{os.cpu_count()} processors, Python {platform.python_version()}, {platform.machine()}", style="dim")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("line", nargs="?", default="flights")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    measure(arguments.line)
    report(arguments.line, [measure(arguments.line) for _ in range(arguments.runs)])


if __name__ == "__main__":
    main()
