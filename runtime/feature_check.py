"""Whether the online store holds what the history says: the newest usable row of every entity, and nothing else.

Both sides stream into a database that spills to disk and are joined there, so that memory stays bounded however many
entities there are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa

from config.line import FeatureView
from runtime import engine, features, online
from runtime.engine import Connection
from runtime.online import Item, moment

KINDS = ("missing", "stale", "different", "extra")
SHOWN = 5
_BLOCK = 10_000
_SCHEMA = pa.schema([("key", pa.string()), ("event_time", pa.string()), ("features", pa.string())])


@dataclass(frozen=True)
class Disagreement:
    """One entity on which history and online store differ; None where one of them has nothing."""

    kind: str
    key: str
    offline: tuple[str, str] | None
    online: tuple[str, str] | None


@dataclass(frozen=True)
class Checked:
    """What a comparison of one view found."""

    view: str
    offline: int
    online: int
    """Usable items; those that have outlived the view's time to live are no one's answer and not counted."""
    counts: dict[str, int] = field(default_factory=dict)
    examples: list[Disagreement] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        return not any(self.counts.values())


def check(
    connection: Connection, client: Any, table: str, *, name: str, view: FeatureView, as_of: dt.datetime
) -> Checked:
    """Compare the view's relation ``name`` with the online table, both as of a moment.

    ``missing``: the history has a usable row, the store has none. ``stale``: the store's is older. ``different``: of
    the same moment with other values, or newer than any that the history knows. ``extra``: of an entity that the
    history does not know.
    """
    _filled(connection, "offline", features.newest(connection, name=name, view=view, as_of=as_of))
    oldest = "" if view.ttl_hours is None else moment(as_of - dt.timedelta(hours=view.ttl_hours))
    stored = (item for item in online.scan(client, table, name) if item.event_time >= oldest)
    _filled(connection, "online", stored)
    counts = dict.fromkeys(KINDS, 0) | dict(
        engine.rows(connection, f"SELECT kind, count(*) FROM ({_COMPARED}) WHERE kind IS NOT NULL GROUP BY kind")  # noqa: S608
    )
    rows = engine.rows(
        connection,
        f"SELECT kind, key, mine, mine_features, theirs, their_features FROM ({_COMPARED}) "  # noqa: S608 (constants)
        "WHERE kind IS NOT NULL "
        f"QUALIFY row_number() OVER (PARTITION BY kind ORDER BY key) <= {SHOWN} ORDER BY kind, key",
    )
    sizes = [engine.rows(connection, f'SELECT count(*) FROM "{side} (items)"')[0][0] for side in ("offline", "online")]  # noqa: S608
    for side in ("offline", "online"):
        connection.execute(f'DROP TABLE "{side} (items)"')
    return Checked(
        view=name,
        offline=sizes[0],
        online=sizes[1],
        counts=counts,
        examples=[
            Disagreement(
                kind=kind,
                key=key,
                offline=None if mine is None else (mine, my_features),
                online=None if theirs is None else (theirs, their_features),
            )
            for kind, key, mine, my_features, theirs, their_features in rows
        ],
    )


_COMPARED = """
SELECT
    key,
    mine.event_time AS mine,
    mine.features AS mine_features,
    theirs.event_time AS theirs,
    theirs.features AS their_features,
    CASE
        WHEN theirs.event_time IS NULL THEN 'missing'
        WHEN mine.event_time IS NULL THEN 'extra'
        WHEN theirs.event_time < mine.event_time THEN 'stale'
        WHEN theirs.event_time > mine.event_time OR theirs.features != mine.features THEN 'different'
    END AS kind
FROM "offline (items)" AS mine
FULL JOIN "online (items)" AS theirs USING (key)
"""


def _filled(connection: Connection, side: str, items: Iterator[Item] | Iterable[Item]) -> None:
    """Put items into a table of the database, some at a time."""
    connection.execute(f'CREATE OR REPLACE TABLE "{side} (items)" (key VARCHAR, event_time VARCHAR, features VARCHAR)')
    waiting = iter(items)
    other = connection.cursor()  # while the items are read from the first one
    while block := list(islice(waiting, _BLOCK)):
        rows = pa.table(
            [[getattr(item, name) for item in block] for name in _SCHEMA.names],
            schema=_SCHEMA,
        )
        other.register("block", rows)
        other.execute(f'INSERT INTO "{side} (items)" FROM block')
        other.unregister("block")
