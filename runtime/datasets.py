"""Datasets: the examples of a line, each joined with what was known of its entities at its own moment.

The spine is the database's table of examples: id, event time, label, the request's columns and the entities of views.
For each view an example gets the newest row with an event time not after its own and, if the view has a time to live,
not older than that. A column of a view is named ``<view>__<column>``; where nothing was known it is null. Examples come
in their order, a chunk at a time, so that memory stays bounded however many there are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from config.bundle import Bundle
from config.errors import LineError
from config.line import Line
from config.parameters import Value
from runtime import engine, spine
from runtime.asof import Ages, Sought, microseconds
from runtime.engine import Connection, closest
from runtime.spine import SPINE, Task
from runtime.view_history import History, visible_to_cursors
from runtime.windows import scoring_window

MICROSECONDS_PER_HOUR = 3_600_000_000
_LEAST_CHUNK = 10_000
_UNITS = {"KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}


@dataclass(frozen=True)
class Column:
    """A column that a model may use."""

    name: str
    type: Literal["number", "category"]
    source: str
    """``request`` for a spine column, else the feature view."""


@dataclass(frozen=True)
class Choice:
    """What an example is made of: columns of the spine, and columns of views (None means all of a view)."""

    request: Sequence[str]
    views: Mapping[str, Sequence[str] | None]
    categorical: Collection[str] | None = None
    """None means whatever is no number."""

    @classmethod
    def of(cls, line: Line) -> Choice:
        """Return what the line's definition says."""
        dataset = line.dataset
        return cls(
            request=dataset.request, views=dict.fromkeys(dataset.features), categorical=frozenset(dataset.categorical)
        )


@dataclass(frozen=True)
class Examples:
    """Rows to be scored, by event time and id: the line's id and event time, then ``columns``."""

    rows: pa.Table
    columns: list[Column]


@dataclass
class Joined:
    """The spine with the chosen columns of views; iterating joins it, a chunk of examples at a time."""

    connection: Connection
    line: Line
    choice: Choice
    task: Task
    subject: str
    """Where a user finds the spine, for errors."""
    ages: dict[str, Ages] = field(default_factory=dict)
    """How old what was found in each view was, so far."""

    def __post_init__(self) -> None:
        self._histories = {name: _history(self.connection, self.line, name, self.choice) for name in self.choice.views}
        self._schemas = {name: history.schema(self.connection) for name, history in self._histories.items()}
        self._spine = engine.fetched(self.connection, f"FROM {SPINE} LIMIT 0").schema
        known = {name: (self._spine.field(name).type, "request") for name in self.choice.request}
        for view, history in self._histories.items():
            known |= {f"{view}__{name}": (self._schemas[view].field(name).type, view) for name in history.values}
        categorical = self.choice.categorical
        if categorical is not None:
            _check_categories(self.line.line, list(self.line.dataset.categorical), known)
        self.columns = [
            Column(name=name, type=_type(self.line.line, name, kind, categorical), source=source)
            for name, (kind, source) in known.items()
        ]
        self.ages = {view: Ages() for view in self._histories}

    def chunks(self, keep: Sequence[str]) -> Iterator[pa.Table]:
        """Yield the ``keep`` columns of the spine and every chosen column, in the order of the spine."""
        label = self.line.dataset.label if self.line.dataset.label in keep else None
        size = _chunk_rows(self.connection, len(self._spine.names) + len(self.columns))
        for part in spine.chunks(self.connection, size, label, self.task):
            yield self._joined(part, keep)

    def _joined(self, part: pa.Table, keep: Sequence[str]) -> pa.Table:
        found: dict[str, pa.Array] = {name: part[name].combine_chunks() for name in self.choice.request}
        moments = microseconds(part[self.line.dataset.event_time].combine_chunks())
        sorted_by: dict[tuple[object, ...], Sought] = {}
        tasks: list[tuple[str, Sought]] = []
        for view, history in self._histories.items():
            kinds = tuple((column, self._schemas[view].field(column).type) for column in history.entity)
            if kinds not in sorted_by:
                entities = [self._alike(part, view, column, kind) for column, kind in kinds]
                sorted_by[kinds] = Sought(entities, moments)
            tasks.append((view, sorted_by[kinds]))
        for (view, _), (columns, ages) in zip(tasks, self._searched(tasks), strict=True):
            names = [f"{view}__{name}" for name in self._histories[view].values]
            found |= dict(zip(names, columns, strict=True))
            self.ages[view] = self.ages[view] + ages
        arrays = {name: part[name] for name in keep}
        arrays |= {column.name: _typed(found[column.name], column.type) for column in self.columns}
        return pa.table(arrays)

    def _searched(self, tasks: Sequence[tuple[str, Sought]]) -> list[tuple[list[pa.Array], Ages]]:
        """Join each view; two at a time where the database lets other cursors see them."""
        if len(tasks) < 2 or not visible_to_cursors(self.connection, [view for view, _ in tasks]):
            return [self._histories[view].joined(self.connection, examples) for view, examples in tasks]
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda one: self._histories[one[0]].joined(self.connection.cursor(), one[1]), tasks))

    def _alike(self, part: pa.Table, view: str, column: str, kind: pa.DataType) -> pa.Array:
        """Return an entity's column of the spine in the type that the view gives it."""
        try:
            return part[column].combine_chunks().cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise LineError(
                f"{self.subject}: column {column!r} has the type {part[column].type}, expected "
                f"{kind} as in feature view {view!r}: cast it"
            ) from None


def scoring_rows(
    connection: Connection,
    *,
    bundle: Bundle,
    parameters: Mapping[str, Value],
) -> Examples:
    """Return the rows to score: those of the scoring window, joined as in training, labelled or not; without label."""
    line = bundle.definition
    window = scoring_window(line, parameters)
    spine.build(
        connection, bundle=bundle, parameters=parameters, windows=[window], views=line.dataset.features, task="none"
    )
    joined = Joined(connection, line, Choice.of(line), task="none", subject=spine.spine_file(line.line))
    rows = pa.concat_tables(joined.chunks([line.dataset.id, line.dataset.event_time]))
    return Examples(rows=rows, columns=joined.columns)


def _history(connection: Connection, line: Line, name: str, choice: Choice) -> History:
    view = line.features[name]
    known = [column for column in engine.columns(connection, name) if column not in {*view.entity, view.event_time}]
    chosen = choice.views[name]
    for column in chosen or ():
        if column not in known:
            raise LineError(
                f"feature view {name!r} has no column {column!r}, expected one of {', '.join(known)}"
                f"{closest(column, known)}: correct the name"
            )
    return History(
        relation=name,
        entity=view.entity,
        event_time=view.event_time,
        values=known if chosen is None else list(chosen),
        ttl=None if view.ttl_hours is None else round(view.ttl_hours * MICROSECONDS_PER_HOUR),
    )


def _chunk_rows(connection: Connection, columns: int) -> int:
    """Return how many examples are joined at a time: a quarter of the database's memory, a value taking 12 bytes."""
    limit = str(engine.rows(connection, "SELECT current_setting('memory_limit')")[0][0])
    number = re.fullmatch(r"([\d.]+) (\w+)", limit)
    size = float(number[1]) * (1 << _UNITS.get(number[2], 0)) if number else 1 << 30
    return max(int(size / 4 / (12 * columns)), _LEAST_CHUNK)


def _type(
    line: str, name: str, kind: pa.DataType, categorical: Collection[str] | None
) -> Literal["number", "category"]:
    if categorical is not None and name in categorical:
        return "category"
    types = pa.types
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if categorical is None:
        return "category"
    raise LineError(
        f"lines/{line}/line.yaml: dataset: column {name!r} has the type {kind}, expected a number: "
        "make it one in its SELECT or list it under dataset.categorical"
    )


def _typed(values: pa.Array, kind: Literal["number", "category"]) -> pa.Array:
    if pa.types.is_boolean(values.type):  # 0 and 1, as the online store has them
        values = values.cast(pa.int8())
    return values.cast(pa.string()) if kind == "category" else values.cast(pa.float64(), safe=False)


def _check_categories(line: str, categorical: list[str], known: Mapping[str, object]) -> None:
    for i, name in enumerate(categorical):
        if name not in known:
            raise LineError(
                f"lines/{line}/line.yaml: dataset.categorical[{i}]: {name!r} is not a column of the dataset, "
                f"expected one of {', '.join(known)}{closest(name, list(known))}: correct the name"
            )
