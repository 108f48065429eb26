"""The spine: one row per example, from the line's ``spine.sql``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from config.bundle import Bundle
from config.errors import LineError
from config.line import Line
from config.metrics import Task
from config.parameters import Value
from runtime import engine
from runtime.engine import Connection, closest, quoted
from runtime.windows import Window

TABLE = "spine (all)"
_LABELS: dict[Task, pa.DataType] = {"binary": pa.int8(), "regression": pa.float64()}


def build(
    connection: Connection,
    *,
    bundle: Bundle,
    parameters: Mapping[str, Value],
    windows: Sequence[Window],
) -> pa.Table:
    """Return the spine's rows within the windows, by event time and id.

    The id is text, the event time TIMESTAMPTZ, the label null or what the task says: 0 or 1, or a finite number. Raises
    LineError naming spine.sql when a column is missing, an id stands twice or a label is something else.
    """
    line = bundle.definition
    file = spine_file(line.line)
    engine.create(connection, name=TABLE, sql=bundle.spine, parameters=parameters, file=file)
    kinds = engine.columns(connection, TABLE)
    _check_columns(line, kinds, file)
    identity, at, label = (quoted(name) for name in (line.dataset.id, line.dataset.event_time, line.dataset.label))
    within = " OR ".join(f"{at} >= $start{i} AND {at} < $end{i}" for i in range(len(windows)))
    bounds = {f"start{i}": window.start for i, window in enumerate(windows)}
    bounds |= {f"end{i}": window.end for i, window in enumerate(windows)}
    rows = engine.fetched(
        connection,
        f"SELECT * FROM (SELECT * REPLACE (CAST({identity} AS VARCHAR) AS {identity}, "  # noqa: S608 (quoted names)
        f"CAST({at} AS TIMESTAMPTZ) AS {at}) FROM {quoted(TABLE)}) WHERE {within} ORDER BY {at}, {identity}",
        bounds,
    )
    connection.register("spine", rows)
    _check_ids(connection, identity, file)
    _check_labels(connection, label, file, line.dataset.task)
    connection.unregister("spine")
    connection.execute(f"DROP TABLE {quoted(TABLE)}")
    name, kind = line.dataset.label, _LABELS[line.dataset.task]
    return rows.set_column(rows.column_names.index(name), name, rows[name].cast(kind, safe=False))


def spine_file(line: str) -> str:
    """Return where a user finds the spine."""
    return f"lines/{line}/spine.sql"


def _check_columns(line: Line, kinds: Mapping[str, str], file: str) -> None:
    dataset = line.dataset
    needed = {dataset.id: "dataset.id", dataset.event_time: "dataset.event_time", dataset.label: "dataset.label"}
    needed |= {column: f"dataset.request[{i}]" for i, column in enumerate(dataset.request) if column not in needed}
    for view in dataset.features:
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
    if not kinds[dataset.event_time].startswith(("TIMESTAMP", "DATE")):
        kind = kinds[dataset.event_time]
        raise LineError(f"{file}: column {dataset.event_time!r} has the type {kind}, expected a timestamp: cast it")


def _check_ids(connection: Connection, identity: str, file: str) -> None:
    counts = f"SELECT count(*) - count(DISTINCT {identity}) FROM spine"  # noqa: S608 (a quoted name)
    if engine.rows(connection, counts)[0][0] == 0:
        return
    value, times = engine.rows(
        connection,
        f"SELECT {identity}, count(*) FROM spine GROUP BY ALL HAVING count(*) > 1 OR {identity} IS NULL "  # noqa: S608
        "ORDER BY ALL LIMIT 1",
    )[0]
    shown = "null" if value is None else repr(value)
    raise LineError(f"{file}: {times} rows have the id {shown}, expected one row per id: make it distinct")


def _check_labels(connection: Connection, label: str, file: str, task: Task) -> None:
    number = f"CAST({label} AS DOUBLE)"
    wrong, expected = {
        "binary": (f"{number} NOT IN (0, 1)", "0, 1 or null"),
        "regression": (f"NOT isfinite({number})", "a finite number or null"),
    }[task]
    try:
        found = engine.rows(
            connection,
            f"SELECT CAST({label} AS VARCHAR) FROM spine WHERE {wrong} LIMIT 1",  # noqa: S608 (a quoted name)
        )
    except duckdb.ConversionException as error:
        raise LineError(f"{file}: the label is no number ({str(error).splitlines()[0]}), expected {expected}") from None
    if found:
        raise LineError(f"{file}: a row has the label {found[0][0]}, expected {expected}: correct the SELECT")
