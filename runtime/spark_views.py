"""A feature view's history on Spark, as ``runtime.features`` makes it on DuckDB.

The event time is a moment and stands after the entity; a row without an entity, or whose event time cannot be written, is
left out; numbers that are not finite are null; of rows with one entity and event time the one whose values come first in
order stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.dialect import Columns, quoted
from runtime.moments import FIRST, LAST

if TYPE_CHECKING:
    from config.line import FeatureView

_RANK = "assembly line rank"


def history(text: str, *, columns: Columns, view: FeatureView) -> tuple[str, Columns]:
    """Return the SELECT of a view's history around the view's own in Spark SQL, and the columns that it gives."""
    key = [*view.entity, view.event_time]
    values = [column for column in columns if column not in key]
    kinds = {column: "TIMESTAMP WITH TIME ZONE" if column == view.event_time else columns[column] for column in key}
    kinds |= {column: columns[column] for column in values}
    chosen = ",\n  ".join(_chosen(column, columns[column], is_time=column == view.event_time) for column in kinds)
    findable = [f"{quoted(column)} IS NOT NULL" for column in view.entity]
    bounds = f"BETWEEN TIMESTAMP '{FIRST}:00' AND TIMESTAMP '{LAST}:00'"
    whole = " AND ".join([*findable, f"CAST({quoted(view.event_time)} AS TIMESTAMP) {bounds}"])
    by = ", ".join(quoted(column) for column in key)
    order = ", ".join(f"{quoted(column)} ASC NULLS LAST" for column in values)
    names = ", ".join(quoted(column) for column in kinds)
    kept = (
        f"SELECT {names} FROM (\n"  # noqa: S608 (quoted names around a translated SELECT)
        f"SELECT *, ROW_NUMBER() OVER (PARTITION BY {by} ORDER BY {order}) AS {quoted(_RANK)} FROM (\n"
        f"SELECT\n  {chosen}\nFROM (\n{text}\n) WHERE {whole}\n)\n) WHERE {quoted(_RANK)} = 1"
    )
    return kept, kinds


def _chosen(column: str, kind: str, *, is_time: bool) -> str:
    name = quoted(column)
    if is_time:
        return f"CAST({name} AS TIMESTAMP) AS {name}"
    if kind in {"FLOAT", "DOUBLE"}:
        return f"IF(ISNAN({name}) OR ABS({name}) = CAST('Infinity' AS DOUBLE), NULL, {name}) AS {name}"
    return name
