"""The SQL types of columns as tests see them: numbers, texts, moments, and which test goes with which."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Literal

from config.checks import (
    AcceptedValues,
    Check,
    Complete,
    Freshness,
    Key,
    Length,
    Mean,
    NotNull,
    Pattern,
    Quantile,
    Range,
    References,
    Unique,
)
from config.errors import LineError
from runtime.engine import closest
from runtime.given import Given

Family = Literal["number", "text", "moment", "truth", "other"]

INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
"""Integers that a signed 64-bit number holds."""
FLOATS = {"FLOAT", "DOUBLE"}
_NUMBERS = INTEGERS | FLOATS | {"UBIGINT", "HUGEINT", "UHUGEINT"}
_TYPES: dict[type, tuple[Family, str]] = {bool: ("truth", "true or false"), str: ("text", "texts")}


def family(kind: str) -> Family:
    """Return what kind of values a column of an SQL type holds.

    >>> family("DECIMAL(12,2)"), family("TIMESTAMP WITH TIME ZONE"), family("INTEGER[]")
    ('number', 'moment', 'other')
    """
    if kind in _NUMBERS or re.fullmatch(r"DECIMAL\(\d+,\d+\)", kind):
        return "number"
    if kind == "DATE" or re.fullmatch(r"TIMESTAMP(_S|_MS|_NS)?( WITH TIME ZONE)?", kind):
        return "moment"
    return {"VARCHAR": "text", "BOOLEAN": "truth"}.get(kind, "other")  # type: ignore[return-value]


def named(check: Check) -> list[tuple[str, str]]:
    """Return the columns that a test names, each with the setting that does."""
    match check:
        case Unique() | Key() | References():
            return [("columns", column) for column in check.columns]
        case Complete():
            return [("column", check.column), *(("by", column) for column in check.by)]
        case NotNull() | AcceptedValues() | Range() | Pattern() | Length() | Freshness() | Mean() | Quantile():
            return [("column", check.column)]
    return []


def fit(check: Check, kinds: Mapping[str, str], key: str, relation: str, given: Given) -> None:
    """Raise LineError when a test names a column that the table lacks, or one whose type it cannot test."""
    for setting, column in named(check):
        if column not in kinds:
            raise LineError(
                f"{key}.{setting}: {column!r} is not a column of {relation}, expected one of {', '.join(kinds)}"
                f"{closest(column, list(kinds))}: correct the name"
            )
    wanted: tuple[Family, str, str] | None = None
    match check:
        case Pattern() | Length():
            wanted = ("text", "text", "test numbers and moments with range, or CAST the column in the SELECT")
        case Mean() | Quantile():
            wanted = ("number", "numbers", "CAST the column in the SELECT")
        case Freshness() | Complete():
            wanted = ("moment", "dates or moments", "CAST the column in the SELECT")
        case Range():
            wanted = _range(check, kinds[check.column], key, given)
        case AcceptedValues():
            wanted = _values(check, kinds[check.column])
    if wanted is not None and family(kinds[check.column]) != wanted[0]:  # type: ignore[union-attr]
        column = check.column  # type: ignore[union-attr]
        raise LineError(
            f"{key}.column: {column!r} of {relation} is {kinds[column]}, "
            f"but {check.check} tests {wanted[1]}: {wanted[2]}"
        )


def _range(check: Range, kind: str, key: str, given: Given) -> tuple[Family, str, str]:
    values = [
        given.value(bound, f"{key}.{name}")
        for name in ("minimum", "maximum")
        if isinstance(bound := getattr(check, name), int | float | str)
    ]
    if any(isinstance(value, dt.date) for value in values):
        return "moment", "dates or moments with these bounds", "give bounds that are numbers or name another column"
    if family(kind) == "moment":
        return "number", "numbers with these bounds", "give dates or moments such as 2013-01-31, or now"
    return "number", "numbers, dates and moments", "CAST the column in the SELECT"


def _values(check: AcceptedValues, kind: str) -> tuple[Family, str, str] | None:
    if family(kind) in {"moment", "other"}:
        return None
    for value in check.values:
        wanted, words = _TYPES.get(type(value), ("number", "numbers"))
        if family(kind) != wanted:
            return wanted, f"{words} with the value {value!r}", "write the values as the column has them"
    return None
