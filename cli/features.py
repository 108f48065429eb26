"""``line features verify``: whether the online store holds what the published history says."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.asked import moment
from cli.ending import FAILED, UsageError, tell
from cli.library import open_library
from cli.order import take_order
from config.errors import LineError
from runtime import engine, feature_check, online
from runtime.engine import closest
from runtime.feature_check import KINDS, Checked


def verify(line: str, *, view: str | None, as_of: str | None, as_json: bool) -> int:
    """Compare every view, or one, and show what differs; returns 1 when anything does."""
    bundle = take_order(line, given=[]).bundle
    views = bundle.definition.features
    if view is not None and view not in views:
        raise UsageError(
            f"--view: {view!r} is not a feature view of line {line!r}, expected one of "
            f"{', '.join(sorted(views)) or 'none'}{closest(view, list(views))}: correct the name"
        )
    at = None if as_of is None else moment("--as-of", as_of)
    opened = open_library(bundle)
    client, table = opened.client("dynamodb"), opened.outputs["OnlineTable"]
    if at is None:
        brought = online.is_up_to(client, table)
        if brought is None:
            raise LineError(
                f"the online store of line {line!r} is empty: let `line run {line}` publish its features first"
            )
        at = dt.datetime.fromisoformat(brought)
    names = list(views) if view is None else [view]
    for name in names:
        if name not in opened.library.snapshots:
            raise LineError(f"feature view {name!r} was never published: let `line run {line}` publish it first")
    checked = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder, engine.connect() as connection:
            opened.library.attach(connection, [name], Path(folder))
            checked.append(feature_check.check(connection, client, table, name=name, view=views[name], as_of=at))
    agrees = all(one.agrees for one in checked)
    if as_json:
        whole = {"line": line, "as_of": at.isoformat(), "agrees": agrees, "views": [asdict(one) for one in checked]}
        print(json.dumps(whole, indent=2))
    else:
        _show(checked, at)
    if agrees:
        return 0
    wrong = [one.view for one in checked if not one.agrees]
    tell(f"features: history and online store disagree in {', '.join(wrong)}: run the line again to mend it")
    return FAILED


def _show(checked: Sequence[Checked], as_of: dt.datetime) -> None:
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = max(out.width, 160)
    title = f"History and online store as of {as_of:%Y-%m-%d %H:%M:%S} UTC"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("view", "offline", "online", *KINDS):
        table.add_column(column, justify="left" if column == "view" else "right")
    for one in checked:
        counts = [Text(f"{one.counts[kind]:,}", style="red" if one.counts[kind] else "") for kind in KINDS]
        table.add_row(one.view, f"{one.offline:,}", f"{one.online:,}", *counts)
    out.print(table)
    for one in checked:
        for found in one.examples:
            out.print(Text(f"{found.kind}  {found.key}  offline {_told(found.offline)}  online {_told(found.online)}"))


def _told(side: tuple[str, str] | None) -> str:
    return "nothing" if side is None else f"{side[0]} {side[1]}"
