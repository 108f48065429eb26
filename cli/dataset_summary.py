"""What a person reads of a dataset: its parts, its columns, what looks wrong, and where each column comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runtime.builder import Built
from runtime.lineage import Explained

_WIDTH = 160


def show(built: Built, *, uri: str, files: Sequence[Path], console: Console | None = None) -> None:
    """Print what was built, or found."""
    manifest, out = built.manifest, _console(console)
    named = f"{manifest['name']}  " if manifest["name"] else ""
    what = "was there already" if built.is_reused else "built"
    out.print(f"{manifest['line']}  {named}{manifest['fingerprint'][:16]}  {what}")
    out.print(uri, style="dim")
    parts = _table("Parts", "part", "rows", "from", "to")
    for part, rows in manifest["rows"].items():
        start, end = manifest["windows"][part]
        parts.add_row(part, f"{rows:,}", start[:16], end[:16])
    out.print(parts)
    columns = _table("Columns", "column", "type", "from", "null")
    for column in manifest["columns"]:
        rate = manifest["null_rates"][column["name"]]
        columns.add_row(column["name"], column["type"], column["source"], f"{rate:.1%}")
    out.print(columns)
    if manifest["unlabelled"]:
        out.print(f"{manifest['unlabelled']:,} examples have no label and were left out")
    for warning in manifest["warnings"]:
        out.print(Text(f"warning: {warning['subject']}: {warning['why']}", style="yellow"))
    for path in files:
        out.print(f"wrote {path}")


def show_columns(
    line: str, found: Sequence[Explained], *, is_built: bool, is_running: bool, console: Console | None = None
) -> None:
    """Print where each column comes from."""
    out = _console(console)
    table = _table(
        f"Columns of a dataset of {line}",
        "column",
        "entity",
        "TTL",
        "SELECT",
        "curated tables",
        "sources",
        "snapshot",
        "null",
    )
    for one in found:
        ttl = "for ever" if one.ttl_hours is None else f"{one.ttl_hours:g} h"
        table.add_row(
            one.name,
            ", ".join(one.entity),
            "" if one.source == "request" else ttl,
            one.origin.file,
            ", ".join(one.origin.tables),
            ", ".join(one.origin.sources),
            "" if one.snapshot is None else str(one.snapshot),
            "" if one.null_rate is None else f"{one.null_rate:.1%}",
        )
    out.print(table)
    if not is_running:
        out.print("no `line up` is running: snapshots and the columns of views are known there", style="dim")
    elif not is_built:
        out.print("this dataset is not built yet: null rates are known once it is", style="dim")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in ("rows", "null") else "left", overflow="fold")
    return table


def _console(console: Console | None) -> Console:
    out = console or Console(highlight=False)
    if not out.is_terminal:
        out.width = max(out.width, _WIDTH)
    return out
