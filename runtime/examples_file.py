"""Examples that a user brings: a CSV or Parquet file with entities and, unless one moment counts for all, event times.

It takes the place of the line's spine. Columns are named as in the spine: the entities of the views, the event time,
the label where the task needs one; an id is made up from the row's place when the file has none. Event times without
an offset count as UTC.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb

from config.errors import LineError
from config.line import Line
from runtime import engine
from runtime.engine import Connection, closest, literal, quoted
from runtime.moments import FIRST, LAST
from runtime.spine import SPINE, Task, check_ids, check_labels
from runtime.windows import Window

_READERS = {".csv": "read_csv({path}, header = true, all_varchar = true)", ".parquet": "read_parquet({path})"}
_ROUGH = "examples (all)"


@dataclass(frozen=True)
class ExamplesFile:
    path: Path

    def __post_init__(self) -> None:
        if not self.path.is_file():
            raise LineError(f"{self.path}: no such file, expected examples as .csv or .parquet: correct the path")
        if self.path.suffix not in _READERS:
            raise LineError(
                f"{self.path}: {self.path.suffix!r} is no kind of examples, expected .csv or .parquet: convert the file"
            )

    @cached_property
    def sha256(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def columns(file: ExamplesFile) -> list[str]:
    """Return the names of the file's columns; raises LineError naming the file when it cannot be read."""
    with engine.connect(threads=1) as connection:
        load(connection, file)
        return list(engine.columns(connection, _ROUGH))


def load(connection: Connection, file: ExamplesFile) -> None:
    """Take the file into the database, which must not be sealed yet; raises LineError when it cannot be read."""
    rows = _READERS[file.path.suffix].format(path=literal(str(file.path)))
    try:
        connection.execute(f"CREATE OR REPLACE TABLE {quoted(_ROUGH)} AS SELECT * FROM {rows}")  # noqa: S608
    except duckdb.Error as error:
        raise LineError(f"{file.path}: {str(error).splitlines()[0]}: correct the file") from None


def build(
    connection: Connection,
    file: ExamplesFile,
    *,
    line: Line,
    views: Sequence[str],
    request: Sequence[str],
    windows: Sequence[Window],
    task: Task,
    as_of: dt.datetime | None,
) -> None:
    """Make the loaded file's rows the table ``spine``, as ``runtime.spine.build`` does.

    Without a column of event times every row is of the moment ``as_of``. Raises LineError naming the file.
    """
    dataset, name = line.dataset, str(file.path)
    kinds = engine.columns(connection, _ROUGH)
    _check_columns(line, kinds, name, views=views, request=request, task=task, as_of=as_of)
    identity, at, label = (quoted(column) for column in (dataset.id, dataset.event_time, dataset.label))
    kept = [column for column in kinds if column not in (dataset.id, dataset.event_time)]
    moment = f"CAST({at} AS TIMESTAMPTZ)" if dataset.event_time in kinds else "CAST($as_of AS TIMESTAMPTZ)"
    key = f"CAST({identity} AS VARCHAR)" if dataset.id in kinds else "CAST(row_number() OVER () AS VARCHAR)"
    chosen = [f"{key} AS {identity}", f"{moment} AS {at}", *(quoted(column) for column in kept)]
    within = " OR ".join(f"{at} >= $start{i} AND {at} < $end{i}" for i in range(len(windows)))
    bounds: dict[str, object] = {f"start{i}": window.start for i, window in enumerate(windows)}
    bounds |= {f"end{i}": window.end for i, window in enumerate(windows)}
    if as_of is not None:
        bounds["as_of"], within = as_of, f"({within}) AND {at} <= $as_of"
    _check_moments(connection, kinds, dataset.event_time, name)
    connection.execute(
        f"CREATE OR REPLACE TABLE {SPINE} AS SELECT * FROM (SELECT {', '.join(chosen)} FROM {quoted(_ROUGH)}) "  # noqa: S608
        f"WHERE {within} ORDER BY {at}, {identity}",
        bounds,
    )
    connection.execute(f"DROP TABLE {quoted(_ROUGH)}")
    check_ids(connection, identity, name)
    if task != "none":
        check_labels(connection, label, name, task)


def _check_columns(
    line: Line,
    kinds: Mapping[str, str],
    name: str,
    *,
    views: Sequence[str],
    request: Sequence[str],
    task: Task,
    as_of: dt.datetime | None,
) -> None:
    needed = {column: f"the entity of feature view {view!r}" for view in views for column in line.features[view].entity}
    needed |= {column: f"dataset.request[{i}]" for i, column in enumerate(request)}
    if task != "none":
        needed[line.dataset.label] = f"the label of the task {task}"
    if as_of is None:
        needed[line.dataset.event_time] = "the event time, since no --as-of is given"
    for column, why in needed.items():
        if column not in kinds:
            raise LineError(
                f"{name}: has no column {column!r}, expected it as {why}, found {', '.join(kinds)}"
                f"{closest(column, list(kinds))}: add it to the file"
            )


def _check_moments(connection: Connection, kinds: Mapping[str, str], event_time: str, name: str) -> None:
    """Raise LineError for an event time that is none, or lies outside of the years 1 to 9999."""
    if event_time not in kinds:
        return
    at = f"TRY_CAST({quoted(event_time)} AS TIMESTAMPTZ)"
    wrong = f"{at} IS NULL OR {at} NOT BETWEEN TIMESTAMPTZ '{FIRST}' AND TIMESTAMPTZ '{LAST}'"
    found = engine.rows(
        connection,
        f"SELECT place, value FROM (SELECT row_number() OVER () AS place, {wrong} AS wrong, "  # noqa: S608 (quoted names)
        f"CAST({quoted(event_time)} AS VARCHAR) AS value FROM {quoted(_ROUGH)}) WHERE wrong LIMIT 1",
    )
    if found:
        place, value = found[0]
        shown = "null" if value is None else repr(value)
        raise LineError(
            f"{name}: row {place}: {event_time} is {shown}, expected a moment of the years 1 to 9999 such as "
            "2024-01-31 12:00:00+00: correct it"
        )
