"""Synthesis: seconds of ``python app.py`` by the number of lines, and what each further line costs.

    python bench/synth.py
    python bench/synth.py --lines 1 8 --runs 5

Each app is synthesized in a fresh process, from a copy of the repository in which the worked example stands so many
times under other names, without CloudFormation's built-in validation and without bundling, as in the inner loop. The
floor is a CDK app that is empty. Seconds of CPU are those of the process and of the Node.js behind it; the runs are
taken in turn, and medians are shown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

GOALS = "goals: one line <= 2 s; each further line <= 0.35 s; 50 lines in one app linear"
WORKED = "flights"
FOLDERS = ("config", "constructs", "jobs", "lambdas", "runtime", "stacks")
EMPTY = "import stacks.node, aws_cdk as cdk; cdk.App(analytics_reporting=False, tree_metadata=False).synth()"

Cost = tuple[float, float]
"""Seconds on the clock, and seconds of CPU."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--lines", type=int, nargs="+", default=[1, 2, 5, 10])
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = copy(Path(folder) / "repository", max(given.lines))
        synthesized(root, 1)  # compiles what it imports
        found: dict[int, list[Cost]] = {count: [] for count in (0, *given.lines)}
        for _ in range(given.runs):
            for count, costs in found.items():
                costs.append(synthesized(root, count))
    show({count: median(costs) for count, costs in found.items()})


def copy(root: Path, lines: int) -> Path:
    """Make a repository with so many lines: the worked example under other names."""
    for part in FOLDERS:
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "cdk.json"):
        shutil.copy(ROOT / name, root / name)
    for line in names(lines):
        shutil.copytree(ROOT / "lines" / WORKED, root / "lines" / line, ignore=shutil.ignore_patterns("__pycache__"))
        path = root / "lines" / line / "line.yaml"
        path.write_text(path.read_text().replace(f"line: {WORKED}\n", f"line: {line}\n", 1))
    return root


def names(lines: int) -> list[str]:
    return [f"line{i}" for i in range(lines)]


def synthesized(root: Path, lines: int) -> Cost:
    """Synthesize that many lines, or an empty app, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        context = {"env": "local", "lines": ",".join(names(lines))}
        told = {"CDK_OUTDIR": folder, "CDK_CONTEXT_JSON": json.dumps(context), "CDK_VALIDATION": "false"}
        command = [sys.executable, *(["app.py"] if lines else ["-c", EMPTY])]
        before, began = _children(), time.perf_counter()
        subprocess.run(command, cwd=root, env={**os.environ, **told}, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began, _children() - before


def median(costs: Sequence[Cost]) -> Cost:
    return statistics.median(clock for clock, _ in costs), statistics.median(cpu for _, cpu in costs)


def show(found: dict[int, Cost]) -> None:
    """Print the costs, and for each number of lines what one more has cost since the fewer before."""
    table = Table(title="Synthesis", title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("lines", "seconds", "CPU", "each further line", "CPU of it"):
        table.add_column(column, justify="right")
    counts = sorted(found)
    for fewer, count in zip([None, *counts], counts, strict=False):
        clock, cpu = found[count]
        further = ["", ""]
        if fewer:  # beside the empty app the first line brings the foundation with it
            more = count - fewer
            further = [f"{(now - then) / more:.2f}" for now, then in zip(found[count], found[fewer], strict=True)]
        table.add_row(str(count) if count else "empty app", f"{clock:.2f}", f"{cpu:.2f}", *further)
    console = Console(highlight=False)
    console.print(table)
    console.print(GOALS, soft_wrap=True)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
