"""The spine: one row per example, from the line's ``spine.sql``, as the database's table ``spine``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import duckdb
import pyarrow as pa

from config import metrics
from config.bundle import Bundle
from config.errors import LineError
from config.line import Line
from config.parameters import Value
from runtime import engine
from runtime.engine import Connection, closest, quoted
from runtime.windows import Window

SPINE = "spine"
_ROUGH = "spine (all)"

Task = metrics.Task | Literal["multiclass", "none"]
TASKS: tuple[Task, ...] = ("binary", "regression", "multiclass", "none")
LABELS: dict[Task, pa.DataType] = {"binary": pa.int8(), "regression": pa.float64(), "multiclass": pa.string()}
"""The type in which a dataset holds the labels of each task that has some."""


def build(
    connection: Connection,
    *,
    bundle: Bundle,
    parameters: Mapping[str, Value],
    windows: Sequence[Window],
    views: Sequence[str],
    task: Task = "binary",
    as_of: dt.datetime | None = None,
) -> None:
    """Make the spine's rows within the windows the table ``spine``, by event time and id.

    The id is text, the event time TIMESTAMPTZ, the label null or what the task says. With ``as_of``, later rows are
    left out and labels that became known later are null. Raises LineError naming spine.sql when a column is missing, an
    id stands twice or a label is something else.
    """
    line, dataset = bundle.definition, bundle.definition.dataset
    file = spine_file(line.line)
    engine.create(connection, name=_ROUGH, sql=bundle.spine, parameters=parameters, file=file)
    kinds = engine.columns(connection, _ROUGH)
    check_columns(line, kinds, file, views=views, task=task, as_of=as_of)
    identity, at, label = (quoted(name) for name in (dataset.id, dataset.event_time, dataset.label))
    replaced = [f"CAST({identity} AS VARCHAR) AS {identity}", f"CAST({at} AS TIMESTAMPTZ) AS {at}"]
    within = " OR ".join(f"{at} >= $start{i} AND {at} < $end{i}" for i in range(len(windows)))
    bounds: dict[str, object] = {f"start{i}": window.start for i, window in enumerate(windows)}
    bounds |= {f"end{i}": window.end for i, window in enumerate(windows)}
    if as_of is not None:
        within, bounds["as_of"] = f"({within}) AND {at} <= $as_of", as_of
        if task != "none":
            known = f"CAST({quoted(dataset.label_known_at or '')} AS TIMESTAMPTZ) <= $as_of"
            replaced.append(f"CASE WHEN {known} THEN {label} END AS {label}")
    chosen = f"SELECT * REPLACE ({', '.join(replaced)}) FROM {quoted(_ROUGH)}"  # noqa: S608 (quoted names)
    connection.execute(
        f"CREATE OR REPLACE TABLE {SPINE} AS SELECT * FROM ({chosen}) WHERE {within} "  # noqa: S608 (quoted names)
        f"ORDER BY {at}, {identity}",
        bounds,
    )
    connection.execute(f"DROP TABLE {quoted(_ROUGH)}")
    check_ids(connection, identity, file)
    if task != "none":
        check_labels(connection, label, file, task)


def chunks(connection: Connection, rows: int, label: str | None, task: Task) -> Iterator[pa.Table]:
    """Yield the spine in its order, so many rows at a time; one empty table for an empty spine."""
    size = engine.rows(connection, f"SELECT count(*) FROM {SPINE}")[0][0]  # noqa: S608 (a constant)
    for start in range(0, max(size, 1), rows):
        bounds = {"first": start, "last": start + rows - 1}
        part = engine.fetched(
            connection,
            f"SELECT * FROM {SPINE} WHERE rowid BETWEEN $first AND $last ORDER BY rowid",  # noqa: S608 (a constant)
            bounds,
        ).combine_chunks()
        if label is not None and task != "none":
            place = part.column_names.index(label)
            part = part.set_column(place, label, part[label].cast(LABELS[task], safe=False))
        yield part


def spine_file(line: str) -> str:
    """Return where a user finds the spine."""
    return f"lines/{line}/spine.sql"


def check_columns(
    line: Line,
    kinds: Mapping[str, str],
    file: str,
    *,
    views: Sequence[str],
    task: Task,
    as_of: dt.datetime | None,
) -> None:
    """Raise LineError when the spine lacks a column that something needs, or has one of a wrong type."""
    dataset = line.dataset
    needed = {dataset.id: "dataset.id", dataset.event_time: "dataset.event_time"}
    if task != "none":
        needed[dataset.label] = "dataset.label"
    if dataset.label_known_at is not None:
        needed.setdefault(dataset.label_known_at, "dataset.label_known_at")
    needed |= {column: f"dataset.request[{i}]" for i, column in enumerate(dataset.request) if column not in needed}
    for view in views:
        for column in line.features[view].entity:
            needed.setdefault(column, f"features.{view}.entity")
    for column, key in needed.items():
        if column not in kinds:
            raise LineError(
                f"{file}: gives no column {column!r}, expected it for {key} in line.yaml, "
                f"found {', '.join(kinds)}{closest(column, list(kinds))}: add it to the SELECT"
            )
    if dataset.label in dataset.request:
        raise LineError(
            f"lines/{line.line}/line.yaml: dataset.request: {dataset.label!r} is the label, which no model may see: "
            "remove it"
        )
    if as_of is not None and task != "none" and dataset.label_known_at is None:
        raise LineError(
            f"lines/{line.line}/line.yaml: dataset.label_known_at is not given, expected the column of spine.sql with "
            "the moment from which a label is known: give it, so that no label from after --as-of is used, or ask for "
            "the task none"
        )
    for column in filter(None, (dataset.event_time, dataset.label_known_at)):
        if not kinds[column].startswith(("TIMESTAMP", "DATE")):
            raise LineError(f"{file}: column {column!r} has the type {kinds[column]}, expected a timestamp: cast it")


def check_ids(connection: Connection, identity: str, file: str) -> None:
    """Raise LineError when an id of the spine is null or stands twice."""
    counts = f"SELECT count(*) - count(DISTINCT {identity}) FROM {SPINE}"  # noqa: S608 (a quoted name)
    if engine.rows(connection, counts)[0][0] == 0:
        return
    value, times = engine.rows(
        connection,
        f"SELECT {identity}, count(*) FROM {SPINE} GROUP BY ALL HAVING count(*) > 1 OR {identity} IS NULL "  # noqa: S608
        "ORDER BY ALL LIMIT 1",
    )[0]
    shown = "null" if value is None else repr(value)
    raise LineError(f"{file}: {times} rows have the id {shown}, expected one row per id: make it distinct")


def check_labels(connection: Connection, label: str, file: str, task: Task) -> None:
    """Raise LineError for a label that the task does not know; any value is a class of ``multiclass``."""
    number = f"CAST({label} AS DOUBLE)"
    wrong, expected = {
        "binary": (f"{number} NOT IN (0, 1)", "0, 1 or null"),
        "regression": (f"NOT isfinite({number})", "a finite number or null"),
    }.get(task, ("false", "a class or null"))
    try:
        found = engine.rows(
            connection,
            f"SELECT CAST({label} AS VARCHAR) FROM {SPINE} WHERE {wrong} LIMIT 1",  # noqa: S608 (a quoted name)
        )
    except duckdb.ConversionException as error:
        raise LineError(f"{file}: the label is no number ({str(error).splitlines()[0]}), expected {expected}") from None
    if found:
        raise LineError(f"{file}: a row has the label {found[0][0]}, expected {expected}: correct the SELECT")
