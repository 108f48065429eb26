"""``line labels``: the ground truth of a line, by what became of it, and the labels that wait for their prediction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cli.running import site_of
from config.loading import ROOT, load_bundle
from runtime.monitoring import joins, partials, unmatched, windows
from runtime.monitoring.store import Store

SHOWN = 50
"""Labels that are listed; with ``--json`` all that one look finds."""


@dataclass(frozen=True)
class Labels:
    """How many labels joined in each window, and those that wait: about whom, and since when."""

    joined: dict[str, int]
    waiting: list[dict[str, str]]


def show_labels(line: str, *, only_unmatched: bool, as_json: bool, root: Path = ROOT) -> int:
    """Print what the running ``line up`` knows of a line's labels; returns the exit status."""
    definition = load_bundle(line, root=root).definition
    site = site_of(line, "its ground truth lives in it", root)
    outputs = site.outputs(line)
    store = Store(
        dynamodb=site.client("dynamodb"),
        predictions=outputs["PredictionsTable"],
        windows=outputs["WindowsTable"],
        line=line,
        task=definition.dataset.task,
        hours=definition.monitoring.window.span_hours,
        count=definition.monitoring.window.count or 0,
    )
    found = read(store, only_unmatched=only_unmatched)
    if as_json:
        told: dict[str, Any] = {"waiting": found.waiting}
        print(json.dumps(told if only_unmatched else {"joined": found.joined, **told}, indent=2, ensure_ascii=False))
        return 0
    out = Console(highlight=False)
    if not only_unmatched:
        out.print(_table(("window", "labels joined"), [(start, str(n)) for start, n in found.joined.items()]))
    rows = [(one["about"], one["since"]) for one in found.waiting[:SHOWN]]
    out.print(_table(("waits for a prediction of", "since"), rows))
    out.print(
        f"{sum(found.joined.values())} joined, " * (not only_unmatched) + f"{len(found.waiting)} without prediction"
    )
    return 0


def read(store: Store, *, only_unmatched: bool = False) -> Labels:
    """Return the labels of a line, the windows and the waiting in order of time."""
    joined = {}
    for start in [] if only_unmatched else windows.starts(store):
        counters = partials.added(windows.outcomes(store, start))
        joined[start] = counters[joins.WHOLE]["n"] if joins.WHOLE in counters else 0
    waiting = [
        {"about": item["prediction_key"]["S"], "since": item["unmatched_since"]["S"]}
        for item in islice(unmatched.each(store), unmatched.MOST)
    ]
    return Labels(joined=joined, waiting=waiting)


def _table(columns: tuple[str, str], rows: list[tuple[str, str]]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
