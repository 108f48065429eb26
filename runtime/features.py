"""Feature views: what was known of an entity from which moment on.

A view's SELECT reads curated tables by their plain names and gives the entity's columns, an event time (the moment from
which the row's values are known) and feature columns. The history is stored sorted by entity and event time, which
makes point-in-time joins quick; a row without an entity or an event time can never be found and is left out.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from config.errors import LineError
from config.line import FeatureView
from runtime import engine
from runtime.curation import file_of
from runtime.engine import Connection, Query, closest, listed, quoted
from runtime.moments import FIRST, LAST
from runtime.online import Item, key, moment
from runtime.references import referenced

_REPEATS = '"repeats (of the row before)"'
_WRITABLE = f"BETWEEN TIMESTAMPTZ '{FIRST}' AND TIMESTAMPTZ '{LAST}'"
_BATCH = 10_000
_PLAIN = {"BOOLEAN", "VARCHAR", "FLOAT", "DOUBLE", "DATE", "HUGEINT", "UHUGEINT"}


def sources_of(connection: Connection, *, sql: str, file: str, curated: Mapping[str, object] | set[str]) -> set[str]:
    """Return the curated tables that a SELECT reads; raises LineError for one that does not exist."""
    names = referenced(connection, sql, file)
    for name in sorted(names - set(curated)):
        raise LineError(
            f"{file}: there is no curated table {name!r}, expected one of {listed(set(curated))}"
            f"{closest(name, list(curated))}: correct the name or add its SELECT under curation"
        )
    return names


def check_names(views: Iterable[str], curated: Iterable[str], line: str) -> None:
    """Raise LineError for a view that has a curated table's name: both are tables of the line."""
    for name in sorted(set(views) & set(curated)):
        raise LineError(
            f"{file_of(line, 'features', name)}: {name!r} is a curated table too: give the view a name of its own"
        )


def build(
    connection: Connection,
    *,
    line: str,
    name: str,
    view: FeatureView,
    sql: str,
    parameters: Mapping[str, object],
) -> tuple[Query, int]:
    """Return the query for the view's whole history, by entity and event time, and how many rows its SELECT gives.

    The event time becomes TIMESTAMPTZ and comes after the entity; numbers that are not finite become null, so that
    history and online store hold the same. Of rows with one entity and event time the one whose values come first in
    order stays, whatever order they came in; it is the others, and rows that nobody can find, that are left out.
    """
    file, rough, ordered = file_of(line, "features", name), f"{name} (rough)", f"{name} (ordered)"
    engine.create(connection, name=rough, sql=sql, parameters=parameters, file=file)
    kinds = engine.columns(connection, rough)
    _check_columns(kinds, name=name, view=view, file=file)
    values = [column for column in kinds if column not in {*view.entity, view.event_time}]
    entity, at = [quoted(column) for column in view.entity], quoted(view.event_time)
    chosen = [
        *entity,
        f"CAST({at} AS TIMESTAMPTZ) AS {at}",
        *(_finite(column, kinds[column]) for column in values),
    ]
    findable = [*(f"{column} IS NOT NULL" for column in entity), f"CAST({at} AS TIMESTAMPTZ) {_WRITABLE}"]
    tie = ", ".join([*entity, at, *(f"{quoted(column)} NULLS LAST" for column in values)])
    given = engine.rows(connection, f"SELECT count(*) FROM {quoted(rough)}")[0][0]  # noqa: S608 (quoted names)
    connection.execute(
        f"CREATE OR REPLACE TABLE {quoted(ordered)} AS SELECT {', '.join(chosen)} FROM {quoted(rough)} "  # noqa: S608
        f"WHERE {' AND '.join(findable)} ORDER BY {tie}"
    )
    connection.execute(f"DROP TABLE {quoted(rough)}")
    # a window without an order of its own streams over the sorted rows: nothing is held in memory
    before = " AND ".join(f"{column} = lag({column}) OVER ()" for column in [*entity, at])
    repeats = f"SELECT *, coalesce({before}, false) AS {_REPEATS} FROM {quoted(ordered)}"  # noqa: S608
    text = f"SELECT * EXCLUDE ({_REPEATS}) FROM ({repeats}) WHERE NOT {_REPEATS}"  # noqa: S608 (quoted names)
    return Query(text=text, file=file), int(given)


def newest(
    connection: Connection, *, name: str, view: FeatureView, as_of: dt.datetime, version: str = ""
) -> Iterator[Item]:
    """Yield the newest row of each entity that was known at ``as_of`` and is still usable then, a few at a time.

    Later rows are the future; with a TTL, older ones are no use to anyone.
    """
    at = quoted(view.event_time)
    usable = f"{at} <= $as_of"
    if view.ttl_hours is not None:
        usable += f" AND {at} >= $as_of - to_microseconds({round(view.ttl_hours * 3_600_000_000)})"
    entity = ", ".join(quoted(column) for column in view.entity)
    query = f"SELECT {entity}, * EXCLUDE ({entity}) FROM {quoted(name)} WHERE {usable} ORDER BY {entity}, {at}"  # noqa: S608
    waiting: pa.Table | None = None
    for batch in connection.sql(query, params={"as_of": as_of}).to_arrow_reader(_BATCH):
        rows = pa.Table.from_batches([batch])
        rows = rows if waiting is None else pa.concat_tables([waiting, rows])
        waiting = rows.slice(rows.num_rows - 1)
        yield from _items(_last_of_each(rows, len(view.entity)), name=name, view=view, version=version)
    if waiting is not None:
        yield from _items(waiting, name=name, view=view, version=version)


def _last_of_each(rows: pa.Table, keys: int) -> pa.Table:
    """Return the last row of each entity but the very last one, which may go on in the next batch."""
    is_last = None
    for column in rows.columns[:keys]:
        whole = column.combine_chunks()
        changed = pc.not_equal(whole.slice(1), whole.slice(0, max(len(whole) - 1, 0)))
        is_last = changed if is_last is None else pc.or_(is_last, changed)
    return rows.slice(0, max(rows.num_rows - 1, 0)).filter(is_last)


def _items(rows: pa.Table, *, name: str, view: FeatureView, version: str) -> Iterator[Item]:
    values = [column for column in rows.column_names if column not in {*view.entity, view.event_time}]
    for row in rows.to_pylist():
        features = {column: _plain(row[column]) for column in values}
        yield Item(
            key=key(name, {column: row[column] for column in view.entity}),
            event_time=moment(row[view.event_time]),
            features=json.dumps(features),
            version=version,
        )


def _check_columns(kinds: Mapping[str, str], *, name: str, view: FeatureView, file: str) -> None:
    for column in (*view.entity, view.event_time):
        if column not in kinds:
            raise LineError(
                f"{file}: gives no column {column!r}, expected the columns of features.{name} in line.yaml, "
                f"found {', '.join(kinds)}{closest(column, list(kinds))}: add it to the SELECT"
            )
    if not kinds[view.event_time].startswith(("TIMESTAMP", "DATE")):
        raise LineError(
            f"{file}: column {view.event_time!r} has the type {kinds[view.event_time]}, expected a timestamp: cast it"
        )
    for column, kind in kinds.items():
        if column not in {*view.entity, view.event_time} and not _is_plain(kind):
            raise LineError(
                f"{file}: column {column!r} has the type {kind}, expected a number, text, boolean, date or timestamp: "
                "cast it"
            )
    if set(kinds) <= {*view.entity, view.event_time}:
        raise LineError(f"{file}: gives no column besides entity and event time, expected a feature: add one")


def _is_plain(kind: str) -> bool:
    return (
        kind in _PLAIN
        or kind.endswith("INT")
        or kind.startswith(("INTEGER", "UINTEGER", "DECIMAL", "TIMESTAMP", "ENUM"))
    )


def _finite(column: str, kind: str) -> str:
    name = quoted(column)
    return f"CASE WHEN isfinite({name}) THEN {name} END AS {name}" if kind in {"FLOAT", "DOUBLE"} else name


def _plain(value: object) -> object:
    """A value as JSON has it: number, text or null."""
    match value:
        case None | str() | float():
            return value
        case bool() | int():
            return int(value)
        case dt.datetime():
            return moment(value)
        case dt.date():
            return value.isoformat()
        case _:
            return float(str(value))  # a decimal
