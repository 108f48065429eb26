"""What looks like the answer among the questions: columns and labels that could not have been known at the time.

The point-in-time join lets nothing through that came later by its event time. It cannot know that an event time is
wrong, or that a view repeats the label; such a column shows by predicting the label without a single error.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from runtime import engine
from runtime.datasets import Column, Joined
from runtime.engine import Connection, literal, quoted
from runtime.parts import Part
from runtime.spine import SPINE

if TYPE_CHECKING:
    from runtime.builder import Request

LEAST_ROWS = 1000
"""Labelled rows below which a perfect prediction may be chance."""
_LEAST_PER_VALUE = 20
"""Rows per distinct value below which a category tells nothing of the label but names its row."""


def warnings(request: Request, joined: Joined, written: Mapping[str, Part]) -> list[dict[str, str]]:
    """Return what is suspicious in a dataset: for each its column or view, and why."""
    found = _known_before(joined.connection, request)
    found += _perfect(joined, request, written)
    found += [
        {
            "subject": view,
            "why": "every example found a row of its very moment: make sure that it does not hold the outcome",
        }
        for view, ages in joined.ages.items()
        if ages.found >= LEAST_ROWS and ages.same == ages.found and any(view == _view(one) for one in found)
    ]
    return found


def _view(warning: Mapping[str, str]) -> str:
    return warning["subject"].partition("__")[0]


def _known_before(connection: Connection, request: Request) -> list[dict[str, str]]:
    """A label that is known by the moment of the question is no answer to it."""
    dataset = request.bundle.definition.dataset
    if request.task == "none" or dataset.label_known_at is None or request.file is not None:
        return []
    known, at, label = (quoted(name) for name in (dataset.label_known_at, dataset.event_time, dataset.label))
    count = engine.rows(
        connection,
        f"SELECT count(*) FROM {SPINE} WHERE {label} IS NOT NULL AND CAST({known} AS TIMESTAMPTZ) <= {at}",  # noqa: S608
    )[0][0]
    if not count:
        return []
    return [{"subject": dataset.label, "why": f"{count} examples ask for a label that was known by their event time"}]


def _perfect(joined: Joined, request: Request, written: Mapping[str, Part]) -> list[dict[str, str]]:
    label = request.label
    rows = sum(part.rows for part in written.values())
    if label is None or rows < LEAST_ROWS or not joined.columns:
        return []
    files = ", ".join(literal(str(part.path)) for part in written.values())
    with engine.connect(memory=str(_memory(joined.connection))) as connection:
        connection.execute(f"CREATE VIEW dataset AS FROM read_parquet([{files}])")
        return [
            {"subject": column.name, "why": f"it tells the label of {known} rows without an error: {_MEND}"}
            for column in joined.columns
            if (known := _told(connection, column, label, request.task))
        ]


_MEND = "is it computed from the label, or is its event time too early?"


def _told(connection: Connection, column: Column, label: str, task: str) -> int:
    """Return how many rows' labels the column tells, if it tells every one that it knows of; else 0."""
    name, label = quoted(column.name), quoted(label)
    known = f"FROM dataset WHERE {name} IS NOT NULL"
    if task == "regression":
        if column.type == "category":
            return 0
        count, related = engine.rows(connection, f"SELECT count(*), abs(corr({name}, {label})) {known}")[0]
        return count if count >= LEAST_ROWS and related is not None and related > 0.999999 else 0
    if column.type == "number":
        return _separated(
            engine.rows(connection, f"SELECT {label}, min({name}), max({name}), count(*) {known} GROUP BY ALL")
        )
    count, values, pairs, labels = engine.rows(
        connection,
        f"SELECT count(*), count(DISTINCT {name}), count(DISTINCT ({name}, {label})), count(DISTINCT {label}) {known}",
    )[0]
    tells = labels > 1 and values == pairs and count >= max(LEAST_ROWS, _LEAST_PER_VALUE * values)
    return count if tells else 0


def _separated(groups: list[tuple[Any, ...]]) -> int:
    """Return the rows of all labels if the column's values of each lie apart from those of the others."""
    groups = sorted(groups, key=lambda group: group[1])
    rows = sum(group[3] for group in groups)
    apart = all(before[2] < after[1] for before, after in pairwise(groups))
    return rows if len(groups) > 1 and apart and rows >= LEAST_ROWS else 0


def _memory(connection: Connection) -> str:
    return str(engine.rows(connection, "SELECT current_setting('memory_limit')")[0][0]).replace(" ", "")
