"""The words of an inspection: what a test expects, and what was found."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    RowCount,
    RowCountChange,
    Share,
    Sql,
    Unique,
)

HIDDEN = "***"
"""What stands in the place of a personal value."""


@dataclass(frozen=True)
class Figure:
    """What the data say to one test."""

    failed: int
    """Rows that fail; of ``complete`` hours or days, of ``row_count`` rows too few or too many."""
    of: int
    """Out of how many."""
    low: Any = None
    high: Any = None
    value: Any = None
    """The figure that has bounds."""
    quarantined: int = 0


def column(check: Check) -> str:
    """Return the column, the columns of a key or the name of a condition; nothing for a test of the whole table."""
    match check:
        case Unique() | Key() | References():
            return ", ".join(check.columns)
        case RowCount() | RowCountChange():
            return ""
        case Sql() | Share():
            return check.name
        case _:
            return check.column


def expected(check: Check) -> str:  # noqa: PLR0911, PLR0912 (a table of cases)
    """Return what a table must be like to pass a test of one severity."""
    match check:
        case RowCount():
            return _range(check.minimum, check.maximum) + " rows"
        case RowCountChange():
            return f"a number of rows within {percent(check.maximum)} of the median of the last {check.runs} reports"
        case Freshness():
            return f"newest at most {text(check.hours)} hours before {check.as_of}"
        case Mean():
            return f"mean {_range(check.minimum, check.maximum)}"
        case Quantile():
            return f"quantile {text(check.quantile)} {_range(check.minimum, check.maximum)}"
        case Share():
            condition = " ".join(check.condition.split())
            return f"share of rows with {condition}: {_range(check.minimum, check.maximum)}"
        case NotNull():
            told = "no null"
        case Unique():
            told = "no value twice"
        case Key():
            told = "no null and no value twice"
        case AcceptedValues():
            told = f"only {', '.join(str(value) for value in check.values)}"
        case Range():
            told = _range(check.minimum, check.maximum)
        case Pattern():
            told = f"only what matches {check.pattern}"
        case Length():
            told = _range(check.minimum, check.maximum) + " characters"
        case References():
            told = f"only what stands in {check.table} ({', '.join(check.targets)})"
        case Complete():
            told = f"every {check.every}" + (f" for each {', '.join(check.by)}" if check.by else "")
        case Sql():
            told = " ".join(check.condition.split())
    of = f"{check.every}s" if isinstance(check, Complete) else "rows"
    return f"{told} in all but {percent(check.allowed)} of the {of}" if 0 < check.allowed < 1 else told


def observed(check: Check, found: Figure) -> str:  # noqa: PLR0911 (a table of cases)
    """Return what the table is like."""
    match check:
        case RowCount():
            return f"{found.of} rows"
        case RowCountChange():
            return f"{found.of} rows, " + (
                f"{_signed(found.value)} of {text(found.low)}" if found.low else "none to compare with"
            )
        case Freshness():
            return (
                f"newest {found.high}, {text(round(found.value, 2))} hours before"
                if found.value is not None
                else "none"
            )
        case Mean() | Quantile():
            return text(found.value) if found.value is not None else "no value"
        case Share():
            return percent(found.value) if found.value is not None else "no rows"
        case Range() | Length():
            reach = "" if found.low is None else f"{text(found.low)} to {text(found.high)}"
        case _:
            reach = ""
    of = f"{check.every}s" if isinstance(check, Complete) else "rows"
    if not found.failed:
        return reach or f"0 {of}"
    told = f"{found.failed} of {found.of} {of} ({percent(found.failed / found.of)})"
    told += ", all of them quarantined" if found.quarantined == found.failed else ""
    return f"{told}, {reach}" if reach else told


def _range(minimum: Any, maximum: Any) -> str:
    if minimum is None and maximum is None:
        return "any"
    if maximum is None:
        return f"at least {text(minimum)}"
    return f"at most {text(maximum)}" if minimum is None else f"{text(minimum)} to {text(maximum)}"


def percent(share: Any) -> str:
    """Return a share for people.

    >>> percent(0.0476)
    '4.76 %'
    """
    return f"{share * 100:.3g} %"


def _signed(share: float) -> str:
    return f"{share * 100:+.3g} %"


def text(value: Any) -> str:
    """Return a value for people."""
    if value is None:
        return "null"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.9g}" if isinstance(value, float) and math.isfinite(value) else str(plain(value))


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case decimal.Decimal():
            return float(value)
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)


def masked(row: dict[str, Any], personal: Sequence[str]) -> dict[str, Any]:
    """Return a row as JSON has it, its personal values hidden."""
    hidden = {name.lower() for name in personal}
    return {
        name: HIDDEN if name.lower() in hidden and value is not None else plain(value) for name, value in row.items()
    }
