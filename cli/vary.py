"""``line run --vary``: one run per combination of parameter values, side by side, each in an embedded AWS of its own.

A variant's tables, models and ledger are its own, so that variants share nothing but the sample and the code: what
differs between their results comes from the values that differ.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.apart import run_apart
from cli.ending import FAILED, UsageError, tell
from cli.order import take_order
from cli.progress import COLOURS
from local.processes import Processes

_MOST = 64
_WIDTH = 160


@dataclass(frozen=True)
class Variant:
    """What one of the runs is given, and what came of it."""

    given: Mapping[str, str]
    document: Mapping[str, Any]
    """What ``line run --json`` printed; empty when it did not get that far."""
    told: str
    """The last thing that it said."""
    seconds: float

    @property
    def name(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.given.items())

    @property
    def status(self) -> str:
        return str(self.document.get("status", "failed"))


def combinations(vary: Sequence[str]) -> list[dict[str, str]]:
    """Return every combination of the values, e.g. of ``["a=1,2", "b=x"]``; raises UsageError for what is none.

    >>> combinations(["a=1,2", "b=x"])
    [{'a': '1', 'b': 'x'}, {'a': '2', 'b': 'x'}]
    """
    values: dict[str, list[str]] = {}
    for text in vary:
        name, equals, listed = text.partition("=")
        found = [value.strip() for value in listed.split(",") if value.strip()]
        if not equals or not found:
            raise UsageError(f"--vary: {text!r} names no values, expected NAME=VALUE,VALUE: correct it")
        if name in values:
            raise UsageError(f"--vary: {name!r} is given twice, expected each parameter once: put its values together")
        if len(set(found)) < len(found):
            raise UsageError(f"--vary: {text!r} has a value twice, expected distinct ones: remove one")
        values[name] = found
    total = [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]
    if len(total) > _MOST:
        raise UsageError(f"--vary: that makes {len(total)} runs, expected at most {_MOST}: give fewer values")
    return total


def vary_line(
    line: str, *, given: Sequence[str], vary: Sequence[str], raw: Path | None, as_json: bool, at_once: int
) -> int:
    """Run every variant and compare them; returns the exit status: 0 when each succeeded."""
    chosen = combinations(vary)
    for values in chosen:  # every mistake is told before anything is started
        take_order(line, given=[*given, *_pairs(values)], raw=raw)
    said = Progress(len(chosen))
    with closing(Processes()) as processes, ThreadPoolExecutor(max(1, min(at_once, len(chosen)))) as pool:

        def run(values: Mapping[str, str]) -> Variant:
            ended = run_apart(processes, line, given=[*given, *_pairs(values)], raw=raw)
            return said.ended(Variant(values, ended.document, ended.told, ended.seconds))

        variants = list(pool.map(run, chosen))
    if as_json:
        print(json.dumps([{"parameters": dict(one.given), **one.document} for one in variants], indent=2))
    else:
        show(line, variants)
    for one in variants:
        if one.status != "succeeded":
            tell(f"{one.name}: {one.told.removeprefix('error: ')}")
    return 0 if all(one.status == "succeeded" for one in variants) else FAILED


class Progress:
    """Says on stderr which variants have ended."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._began = total, 0, time.monotonic()

    def ended(self, variant: Variant) -> Variant:
        """Say so, and return the variant."""
        self._done += 1
        seconds = time.monotonic() - self._began
        tell(f"{seconds:6.1f} s  {self._done} of {self._total}: {variant.name} {variant.status}", kind="")
        return variant


def show(line: str, variants: Sequence[Variant], console: Console | None = None) -> None:
    """Print the variants beside each other: status, model, tests, seconds."""
    out = console or Console(highlight=False)
    if not out.is_terminal:
        out.width = max(out.width, _WIDTH)
    names = list(variants[0].given)
    metrics = list(dict.fromkeys(metric for one in variants for metric in _metrics(one)))
    title = f"{line}, {len(variants)} variants"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in (*names, "status", "variant"):
        table.add_column(column)
    for column in (*metrics, "predictions", "warnings", "seconds"):
        table.add_column(column, justify="right")
    for one in variants:
        measured = _metrics(one)
        table.add_row(
            *(Text(one.given[name]) for name in names),
            Text(one.status, style=COLOURS.get(one.status, "")),
            Text(_trained(one)),
            *(f"{measured[metric]:.4f}" if metric in measured else "" for metric in metrics),
            str(one.document.get("delivered", {}).get("table", "")),
            str(one.document.get("inspections", {}).get("warning", "")),
            f"{one.seconds:.1f}",
        )
    out.print(table)


def _metrics(variant: Variant) -> dict[str, float]:
    found = variant.document.get("model", {}).get("metrics", {})
    return {name: value for name, value in found.items() if isinstance(value, int | float)}


def _trained(variant: Variant) -> str:
    stations = variant.document.get("stations", [])
    return next((str(one.get("variant", "")) for one in stations if one["station"] == "training"), "")


def _pairs(values: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]
