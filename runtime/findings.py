"""The words of an inspection: what a check expects, what was found, and what line.yaml might say instead."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
from collections.abc import Sequence
from typing import Any

from config.checks import AcceptedValues, Check, NotNull, Range, RowCount, Sql, Unique

MOST_VALUES = 20
"""Values that a proposal adds to a list; with more than that, the column is no list of accepted values."""


def column(check: Check) -> str:
    """Return the column, the columns of a key or the name of a condition; nothing for a check of the whole table."""
    match check:
        case Unique():
            return ", ".join(check.columns)
        case RowCount():
            return ""
        case Sql():
            return check.name
        case _:
            return check.column


def expected(check: Check) -> str:
    """Return what a table must be like to pass."""
    match check:
        case NotNull():
            text = "no null"
        case Unique():
            text = "no value twice"
        case AcceptedValues():
            text = f"only {', '.join(str(value) for value in check.values)}"
        case Range():
            text = _range(check.minimum, check.maximum)
        case RowCount():
            text = _range(check.minimum, check.maximum) + " rows"
        case Sql():
            text = " ".join(check.condition.split())
    return f"{text} in all but {_percent(check.tolerance)} of the rows" if check.tolerance else text


def _range(minimum: float | None, maximum: float | None) -> str:
    if maximum is None:
        return f"at least {_text(minimum)}"
    return f"at most {_text(maximum)}" if minimum is None else f"{_text(minimum)} to {_text(maximum)}"


def observed(check: Check, failed: int, total: int, low: Any, high: Any) -> str:
    """Return what the table is like."""
    if isinstance(check, RowCount):
        return f"{total} rows"
    if failed == 0:
        return f"{_text(low)} to {_text(high)}" if isinstance(check, Range) else "0 rows"
    share = f"{failed} of {total} rows ({_percent(failed / total)})"
    return f"{share}, {_text(low)} to {_text(high)}" if isinstance(check, Range) else share


def proposal(check: Check, *, failed: int, total: int, low: Any, high: Any, unexpected: Sequence[Any]) -> str:
    """Return the check as YAML that the table, as it is now, would pass."""
    change: dict[str, Any]
    match check:
        case Range() if _finite(low) and _finite(high):
            change = {"minimum": min(plain(low), check.minimum)} if check.minimum is not None else {}
            change |= {"maximum": max(plain(high), check.maximum)} if check.maximum is not None else {}
        case RowCount():
            change = {"minimum": min(total, check.minimum)}
            change |= {"maximum": max(total, check.maximum)} if check.maximum is not None else {}
        case AcceptedValues() if len(unexpected) <= MOST_VALUES:
            change = {"values": [*check.values, *unexpected]}
        case _:
            change = {"tolerance": _share(failed, total)}
    whole = {"check": check.check, **check.model_dump(exclude_defaults=True), **change}
    return "{" + ", ".join(f"{key}: {_yaml(value)}" for key, value in whole.items()) + "}"


def _yaml(value: Any) -> str:
    """A value in JSON, which is YAML; a plain word without its quotes."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) and value.isidentifier() else json.dumps(value, ensure_ascii=False)


def _share(failed: int, total: int) -> float:
    """The share of failed rows, rounded up so that the proposal passes."""
    return min(1.0, math.ceil(failed / total * 10_000) / 10_000)


def _finite(value: Any) -> bool:
    return value is not None and (not isinstance(value, float) or math.isfinite(value))


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(plain(value))


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
