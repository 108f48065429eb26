"""Datasets: the examples of a line, each joined with what was known of its entities at its own moment.

The spine is a SELECT over curated tables: id, event time, label, the request's columns and the entities of the views.
For each view an example gets the newest row with an event time not after its own and, if the view has a time to live,
not older than that. A column of a view is named ``<view>__<column>``; where nothing was known it is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from config.bundle import Bundle
from config.errors import LineError
from config.line import FeatureView
from config.parameters import Value
from runtime.asof import NOTHING, positions
from runtime.engine import Connection, closest
from runtime.spine import build
from runtime.windows import Window, scoring_window, split_windows

MICROSECONDS_PER_HOUR = 3_600_000_000


@dataclass(frozen=True)
class Column:
    """A column that a model may use."""

    name: str
    type: Literal["number", "category"]
    source: str
    """``request`` for a spine column, else the feature view."""


@dataclass(frozen=True)
class Examples:
    """Rows by event time and id: the line's id and event time, its label where asked for, then ``columns``."""

    rows: pa.Table
    columns: list[Column]


@dataclass(frozen=True)
class Dataset:
    """Labelled examples in three parts that do not overlap in time."""

    parts: dict[str, pa.Table]
    columns: list[Column]
    unlabelled: int
    """Rows of the spine within the parts that have no label and were left out."""


def dataset(
    connection: Connection,
    *,
    bundle: Bundle,
    parameters: Mapping[str, Value],
    views: Mapping[str, pa.Table],
) -> Dataset:
    """Return train, validation and test; the database holds the curated tables, ``views`` the feature views' history.

    Raises LineError for a spine or a split that does not hold together, and for a part without rows.
    """
    definition = bundle.definition.dataset
    windows = split_windows(bundle.definition, parameters)
    spine = build(connection, bundle=bundle, parameters=parameters, windows=list(windows.values()))
    labelled = spine.filter(pc.is_valid(spine[definition.label]))
    examples = _joined(bundle, labelled, views, keep=[definition.id, definition.event_time, definition.label])
    parts = {part: _within(examples.rows, definition.event_time, window) for part, window in windows.items()}
    for part, rows in parts.items():
        if rows.num_rows == 0:
            raise LineError(
                f"lines/{bundle.definition.line}/line.yaml: dataset.split.{part}: no labelled row of the spine lies in "
                f"{windows[part]}: correct the parameters or the sources"
            )
    return Dataset(parts=parts, columns=examples.columns, unlabelled=spine.num_rows - labelled.num_rows)


def scoring_rows(
    connection: Connection,
    *,
    bundle: Bundle,
    parameters: Mapping[str, Value],
    views: Mapping[str, pa.Table],
) -> Examples:
    """Return the rows to score: those of the scoring window, joined as in training, labelled or not; without label."""
    definition = bundle.definition.dataset
    window = scoring_window(bundle.definition, parameters)
    spine = build(connection, bundle=bundle, parameters=parameters, windows=[window])
    return _joined(bundle, spine, views, keep=[definition.id, definition.event_time])


def _joined(bundle: Bundle, spine: pa.Table, views: Mapping[str, pa.Table], keep: list[str]) -> Examples:
    line = bundle.definition
    arrays = {name: spine[name] for name in keep}
    columns: list[Column] = []
    known = {name: (spine[name], "request") for name in line.dataset.request}
    for name in line.dataset.features:
        for column, values in _as_of(bundle, name, line.features[name], spine, views[name]).items():
            known[f"{name}__{column}"] = (values, name)
    _check_categories(line.line, line.dataset.categorical, known)
    for name, (values, source) in known.items():
        arrays[name], kind = _typed(line.line, name, values, name in line.dataset.categorical)
        columns.append(Column(name=name, type=kind, source=source))
    return Examples(rows=pa.table(arrays), columns=columns)


def _as_of(
    bundle: Bundle, name: str, view: FeatureView, spine: pa.Table, history: pa.Table
) -> dict[str, pa.ChunkedArray]:
    """Return the view's columns as each row of the spine could know them."""
    moments, view_moments = (
        _microseconds(spine[bundle.definition.dataset.event_time]),
        _microseconds(history[view.event_time]),
    )
    found = positions(
        entities=[_alike(bundle, spine, history, name, column) for column in view.entity],
        moments=moments,
        view_entities=[history[column] for column in view.entity],
        view_moments=view_moments,
        ttl=None if view.ttl_hours is None else round(view.ttl_hours * MICROSECONDS_PER_HOUR),
    )
    hit = found != NOTHING
    if (view_moments[found[hit]] > moments[hit]).any():  # never; a leak would make every metric a lie
        raise AssertionError(f"view {name!r} gave a row from the future")
    indices = pa.array(found, mask=~hit)
    values = [column for column in history.column_names if column not in {*view.entity, view.event_time}]
    return {column: history[column].combine_chunks().take(indices) for column in values}


def _alike(bundle: Bundle, spine: pa.Table, history: pa.Table, view: str, column: str) -> pa.ChunkedArray:
    """Return an entity's column of the spine in the type that the view gives it."""
    try:
        return spine[column].cast(history[column].type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise LineError(
            f"lines/{bundle.definition.line}/spine.sql: column {column!r} has the type {spine[column].type}, expected "
            f"{history[column].type} as in feature view {view!r}: cast it"
        ) from None


def _microseconds(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    values: np.ndarray[tuple[int], np.dtype[np.int64]]
    values = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    return values


def _within(rows: pa.Table, event_time: str, window: Window) -> pa.Table:
    at = rows[event_time]
    start, end = (pa.scalar(bound, at.type) for bound in (window.start, window.end))
    return rows.filter(pc.and_(pc.greater_equal(at, start), pc.less(at, end)))


def _typed(
    line: str, name: str, values: pa.ChunkedArray, is_category: bool
) -> tuple[pa.ChunkedArray, Literal["number", "category"]]:
    if pa.types.is_boolean(values.type):  # 0 and 1, as the online store has them
        values = values.cast(pa.int8())
    if is_category:
        return values.cast(pa.string()), "category"
    kind = values.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return values.cast(pa.float64(), safe=False), "number"
    raise LineError(
        f"lines/{line}/line.yaml: dataset: column {name!r} has the type {kind}, expected a number: "
        "make it one in its SELECT or list it under dataset.categorical"
    )


def _check_categories(line: str, categorical: list[str], known: Mapping[str, object]) -> None:
    for i, name in enumerate(categorical):
        if name not in known:
            raise LineError(
                f"lines/{line}/line.yaml: dataset.categorical[{i}]: {name!r} is not a column of the dataset, "
                f"expected one of {', '.join(known)}{closest(name, list(known))}: correct the name"
            )
