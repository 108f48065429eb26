"""Feature views: what was known of an entity from which moment on.

A view's SELECT reads curated tables by their plain names and gives the entity's columns, an event time (the moment from
which the row's values are known) and feature columns. The history is stored sorted by entity and event time, which
makes point-in-time joins quick; a row without an entity or an event time can never be found and is left out.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping

from config.errors import LineError
from config.line import FeatureView
from runtime import engine
from runtime.curation import file_of
from runtime.engine import Connection, Query, closest, listed, quoted
from runtime.online import Item, key, moment
from runtime.references import referenced


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
) -> Query:
    """Return the query for the view's whole history, sorted by entity and event time.

    The event time becomes TIMESTAMPTZ and comes after the entity; numbers that are not finite become null, so that
    history and online store hold the same. Of rows with one entity and event time the one whose values come first in
    order stays: a rerun keeps the same.
    """
    rough = f"{name} (rough)"
    engine.create(connection, name=rough, sql=sql, parameters=parameters, file=file_of(line, "features", name))
    kinds = engine.columns(connection, rough)
    _check_columns(kinds, name=name, view=view, file=file_of(line, "features", name))
    values = [column for column in kinds if column not in {*view.entity, view.event_time}]
    at = [*(quoted(column) for column in view.entity), quoted(view.event_time)]
    chosen = [
        *at[:-1],
        f"CAST({at[-1]} AS TIMESTAMPTZ) AS {at[-1]}",
        *(_finite(column, kinds[column]) for column in values),
    ]
    whole = " AND ".join(f"{column} IS NOT NULL" for column in at)
    rows = f"SELECT {', '.join(chosen)} FROM {quoted(rough)} WHERE {whole}"  # noqa: S608 (quoted names)
    repeated = f"SELECT count(*) FROM (SELECT 1 FROM ({rows}) GROUP BY {', '.join(at)} HAVING count(*) > 1)"  # noqa: S608
    if engine.rows(connection, repeated)[0][0]:
        tie = ", ".join([*at, *(f"{quoted(column)} NULLS LAST" for column in values)])
        rows = f"SELECT DISTINCT ON ({', '.join(at)}) * FROM ({rows}) ORDER BY {tie}"  # noqa: S608
    else:
        rows = f"{rows} ORDER BY {', '.join(at)}"
    return Query(text=rows, file=file_of(line, "features", name))


def newest(connection: Connection, *, name: str, view: FeatureView, as_of: dt.datetime) -> Iterator[Item]:
    """Yield the newest row of each entity that was known at ``as_of`` and is still usable then.

    Later rows are the future; with a TTL, older ones are no use to anyone.
    """
    at = quoted(view.event_time)
    entity = ", ".join(quoted(column) for column in view.entity)
    usable = f"{at} <= $as_of"
    if view.ttl_hours is not None:
        usable += f" AND {at} >= $as_of - to_microseconds({round(view.ttl_hours * 3_600_000_000)})"
    content = engine.fetched(
        connection,
        f"SELECT DISTINCT ON ({entity}) * FROM {quoted(name)} WHERE {usable} ORDER BY {entity}, {at} DESC",  # noqa: S608
        {"as_of": as_of},
    )
    values = [column for column in content.column_names if column not in {*view.entity, view.event_time}]
    for row in content.to_pylist():
        features = {column: _plain(row[column]) for column in values}
        yield Item(
            key=key(name, {column: row[column] for column in view.entity}),
            event_time=moment(row[view.event_time]),
            features=json.dumps(features),
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
    if set(kinds) <= {*view.entity, view.event_time}:
        raise LineError(f"{file}: gives no column besides entity and event time, expected a feature: add one")


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
