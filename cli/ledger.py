"""``line ledger``: the story of a line, in order, as its ledger tells it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.running import site_of
from config.loading import ROOT
from runtime.story import Moment, story

_COLOURS = {
    "failed": "red",
    "halted": "red",
    "rolled": "red",
    "flagged": "yellow",
    "succeeded": "green",
    "production": "bold green",
}
_WIDTH = 160


def show_ledger(line: str, *, last: int, as_json: bool, root: Path = ROOT) -> int:
    """Print the newest moments of a line, the oldest of them first; returns the exit status."""
    site = site_of(line, "the ledger lives in it", root)
    moments = story(site.client("dynamodb"), site.outputs(line)["LedgerTable"], line)[-last:]
    if as_json:
        print(json.dumps([asdict(moment) for moment in moments], indent=2, ensure_ascii=False))
        return 0
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = max(out.width, _WIDTH)
    if not moments:
        out.print(f"nothing has happened to line {line} yet: `line run {line}` begins its story")
        return 0
    out.print(_table(moments))
    return 0


def _table(moments: Sequence[Moment]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("at", "run", "what", "why"):
        table.add_column(column, overflow="fold")
    run = ""
    for moment in moments:
        style = next((colour for word, colour in _COLOURS.items() if word in moment.what.split()), "")
        shown = moment.run if moment.run != run else ""
        table.add_row(moment.at[:19].replace("T", " "), shown, Text(moment.what, style=style), Text(moment.detail))
        run = moment.run
    return table
