"""Handlers' start and their own cost: each imported cold in a fresh process, beside the AWS clients that it needs.

    python bench/handlers.py
    python bench/handlers.py --runs 3

The floor of a handler is a process that imports boto3 and makes the same clients. Both are CPU milliseconds, taken in
turn, and medians: compare the ratios. The cost of an event is what the handler computes for it, log lines and metrics
included, over stores in memory whose own time is taken off.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from runtime.monitoring import place

GOALS = (
    "goals: a handler imports within 1.3 x the floor of its clients; at most 100 microseconds of our own per event, "
    "logging included"
)
VALUES = {"int": "1", "float": "1", "Task": "binary", "Personal": "mask"}
"""What a function is told, by the annotation of the field; lists and dicts are empty, and the rest is text."""
_TIMED = "import time; began = time.process_time(); {work}; print(time.process_time() - began)"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    handlers = sorted((ROOT / "lambdas").rglob("*.py"))
    starts = {path: [started(path) for _ in range(runs)] for path in handlers}
    show({name(path): medians(each) for path, each in starts.items()}, costs())


def started(path: Path) -> tuple[float, float]:
    """Return the CPU seconds of a handler's import and of its floor, each in a fresh process."""
    source = path.read_text()
    clients = "; ".join(f"boto3.client({service!r})" for service in services(source))
    told = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    variables = {**told, **environment(source)}
    return timed(f"import {name(path)}", variables), timed(f"import boto3; {clients}", told)


def costs() -> dict[str, float]:
    """Return the seconds of our own per event, by handler."""
    script = str(ROOT / "bench" / "ours" / "events.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    return found


def services(source: str) -> list[str]:
    return re.findall(r'boto3\.client\("([\w-]+)"', source)


def environment(source: str) -> dict[str, str]:
    """Return a value for each variable that a handler's Environment names, or takes from that of those that judge."""
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    fields = [one for each in classes if each.name == "Environment" for one in each.body]
    shared = {field.name.upper(): _value(str(field.type)) for field in dataclasses.fields(place.Environment)}
    told = shared | {
        one.target.id.upper(): _value(ast.unparse(one.annotation))
        for one in fields
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    }
    return {**told, **({"ENDPOINT_KIND": "instance"} if "ENDPOINT_KIND" in told else {})}


def _value(annotation: str) -> str:
    kind = annotation.partition("[")[0]
    return {"list": "[]", "dict": "{}"}.get(kind) or VALUES.get(annotation, "x")


def timed(work: str, variables: Mapping[str, str]) -> float:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _TIMED.format(work=work)],
        env={"PATH": os.environ["PATH"], **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.splitlines()[-1])


def name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def medians(each: list[tuple[float, float]]) -> tuple[float, float]:
    ours, floor = zip(*each, strict=True)
    return statistics.median(ours), statistics.median(floor)


def show(starts: Mapping[str, tuple[float, float]], costs: Mapping[str, float]) -> None:
    table = Table(title="Handlers", title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("handler", no_wrap=True)
    for column in ("import ms", "floor ms", "x the floor", "own µs per event"):
        table.add_column(column, justify="right")
    for handler, (ours, floor) in starts.items():
        cost = f"{costs[handler] * 1e6:.0f}" if handler in costs else ""
        table.add_row(handler, f"{ours * 1e3:.0f}", f"{floor * 1e3:.0f}", f"{ours / floor:.2f}", cost)
    console = Console(highlight=False)
    console.print(table)
    console.print(GOALS, style="dim")


if __name__ == "__main__":
    main()
