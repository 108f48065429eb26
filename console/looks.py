"""What the page of datasets shows of a choice: the preview's rows as text, and of each column where it comes from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli.order import Order
from console.place import Place
from console.rooms import rooms
from console.shown_views import columns_of
from console.wanted import Wanted
from runtime import lineage
from runtime.lineage import Explained
from runtime.preview import Preview

MOST_SHOWN = 40
"""Columns of which the preview shows values; all are listed below it."""
MASK = "•••"
_LONGEST = 60


@dataclass(frozen=True)
class LookedColumn:
    """A column of the dataset: its type for a model, how much of it is null in the sample, its origin."""

    name: str
    type: str
    null_rate: float
    is_personal: bool
    origin: Explained | None


@dataclass(frozen=True)
class Look:
    """A choice that could be built; ``manifest`` is there when it was. None in ``rows`` is null."""

    preview: Preview
    columns: list[LookedColumn]
    heads: list[str]
    rows: list[list[str | None]]
    manifest: Mapping[str, Any] | None

    @property
    def hidden_columns(self) -> int:
        """How many columns are not among the preview's rows."""
        return max(len(self.columns) - MOST_SHOWN, 0)


def look(place: Place, order: Order, wanted: Wanted) -> Look:
    """Return the look at a choice; raises LineError or UsageError where it cannot be built."""
    request = wanted.asked().request(order)
    room = rooms(place).of(order.line)
    seen = room.preview(request)
    library = room.opened.library
    known = {view: list(types) for view, (types, _) in columns_of(place, order, room.opened).items()}
    origins = {
        one.name: one
        for one in place.kept(
            f"origins/{seen.fingerprint}",
            lambda: lineage.explain(order.bundle, request.choice, snapshots=library.snapshots, columns=known),
        )
    }
    columns = [
        LookedColumn(
            name=column.name,
            type=column.type,
            null_rate=seen.null_rates[column.name],
            is_personal=is_personal(order, column.name),
            origin=origins.get(column.name),
        )
        for column in seen.columns
    ]
    count = seen.rows.num_columns - len(columns) + MOST_SHOWN
    heads = seen.rows.column_names[:count]
    masked = [is_personal(order, name) for name in heads]
    rows = [
        [MASK if hide else _text(row[name]) for name, hide in zip(heads, masked, strict=True)]
        for row in seen.rows.select(heads).to_pylist()
    ]
    manifest = room.opened.shelf.find(seen.fingerprint)
    return Look(preview=seen, columns=columns, heads=heads, rows=rows, manifest=manifest)


def is_personal(order: Order, column: str) -> bool:
    """Whether values of a dataset's column are shown nowhere."""
    hidden = {name.lower() for name in order.bundle.definition.personal}
    return bool({column.lower(), column.lower().partition("__")[2]} & hidden)


def _text(value: Any) -> str | None:
    """Write a value for people, in a line that is not too long."""
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
