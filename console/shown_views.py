"""The feature views of a line as the page of datasets offers them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from cli.library import Opened
from cli.order import Order
from console.place import Place
from console.wanted import Wanted

_SECONDS_KEPT = 3600.0


@dataclass(frozen=True)
class ShownColumn:
    """A column of a view; ``word`` is what a form sends for it."""

    name: str
    type: str
    word: str
    is_ticked: bool
    is_personal: bool


@dataclass(frozen=True)
class ShownView:
    """A view; ``newest`` is the latest event time that was published, None where that is not known."""

    name: str
    entity: tuple[str, ...]
    event_time: str
    ttl_hours: float | None
    says: str
    newest: dt.datetime | None
    is_published: bool
    columns: tuple[ShownColumn, ...]

    @property
    def is_whole(self) -> bool:
        return bool(self.columns) and all(column.is_ticked for column in self.columns)


def columns_of(place: Place, order: Order, opened: Opened) -> dict[str, tuple[dict[str, str], dt.datetime | None]]:
    """Return view → (its feature columns with their types, newest event time), of those that are published."""
    found = {}
    for view, definition in order.bundle.definition.features.items():
        snapshot = opened.library.snapshots.get(view)
        if snapshot is None:
            continue
        types, newest = place.kept(
            f"columns/{order.line}/{view}/{snapshot}",
            lambda view=view, at=definition.event_time: opened.library.described(view, at),  # type: ignore[misc]
            seconds=_SECONDS_KEPT,
        )
        keys = {*definition.entity, definition.event_time}
        found[view] = {name: kind for name, kind in types.items() if name not in keys}, newest
    return found


def by_entity(
    order: Order, known: Mapping[str, tuple[dict[str, str], dt.datetime | None]], wanted: Wanted
) -> dict[str, list[ShownView]]:
    """Return the views by the entity that they tell of, the line's own first."""
    line = order.bundle.definition
    hidden, ticked = {name.lower() for name in line.personal}, wanted.ticked(line)
    found: dict[str, list[ShownView]] = {}
    own = list(line.dataset.features)
    for view in [*own, *(name for name in line.features if name not in own)]:
        definition = line.features[view]
        types, newest = known.get(view, ({}, None))
        chosen = ticked.get(view, set())
        shown = ShownView(
            name=view,
            entity=tuple(definition.entity),
            event_time=definition.event_time,
            ttl_hours=definition.ttl_hours,
            says=leading_comment(order.bundle.features[view]),
            newest=newest,
            is_published=view in known,
            columns=tuple(
                ShownColumn(
                    name=name,
                    type=kind,
                    word=f"{view}:{name}",
                    is_ticked=chosen is None or name in chosen,
                    is_personal=bool({name.lower(), f"{view}__{name}".lower()} & hidden),
                )
                for name, kind in types.items()
            ),
        )
        found.setdefault(", ".join(definition.entity), []).append(shown)
    return found


def leading_comment(sql: str) -> str:
    """Return what the comment at the head of a SELECT says.

    >>> leading_comment("-- What it is.\\n-- And more.\\nSELECT 1 -- one")
    'What it is. And more.'
    """
    said = []
    for text in sql.splitlines():
        if not text.startswith("--"):
            break
        said.append(text.lstrip("- ").strip())
    return " ".join(said)
