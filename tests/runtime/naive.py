"""The tests of rows recomputed one row at a time in plain Python: the oracle of the inspection."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

from config.checks import (
    AcceptedValues,
    Check,
    Key,
    Length,
    NotNull,
    Pattern,
    Range,
    References,
    Unique,
)

Row = dict[str, Any]


def fails(check: Check, row: Row, others: list[Row]) -> bool:  # noqa: PLR0911 (a table of cases)
    """Whether one row fails a test that looks at it alone."""
    match check:
        case NotNull():
            return row[check.column] is None
        case Key():
            return any(row[column] is None for column in check.columns)
        case AcceptedValues():
            return row[check.column] is not None and row[check.column] not in check.values
        case Pattern():
            return row[check.column] is not None and not re.fullmatch(check.pattern, row[check.column])
        case Length():
            return row[check.column] is not None and not _within(len(row[check.column]), check)
        case Range():
            value = row[check.column]
            return value is not None and not (math.isfinite(value) and _within(value, check))
        case References():
            values = [row[column] for column in check.columns]
            return None not in values and not any(
                values == [other[column] for column in check.targets] for other in others
            )
    return False


def failed_rows(check: Check, rows: list[Row], others: list[Row]) -> int:
    """Return how many rows fail."""
    single = sum(fails(check, row, others) for row in rows)
    if isinstance(check, Unique | Key):
        keys = [tuple(map(_key, (row[column] for column in check.columns))) for row in rows]
        single += sum(count - 1 for count in Counter(key for key in keys if None not in key).values())
    return single


def _key(value: Any) -> Any:
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def _within(value: float, check: Any) -> bool:
    return (check.minimum is None or value >= check.minimum) and (check.maximum is None or value <= check.maximum)
