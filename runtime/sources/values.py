"""Texts read as values of a declared type: what would change on the way (a fraction, an offset) is refused.

DuckDB reads ``1.5`` as the INTEGER 2, drops the offset of a TIMESTAMP and the hour of a DATE without a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from runtime.engine import literal

_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_DECIMAL = re.compile(r"DECIMAL\(\d+,(\d+)\)")
_MIDNIGHT = r"\s*\d{4}-\d{1,2}-\d{1,2}([ T]00:00(:00(\.0+)?)?)?Z?\s*"
_OFFSET = r":\d\d.*([+-](0[1-9]|1\d|00:?[0-5][1-9])|[A-Za-z]+/[A-Za-z_]+)"


@dataclass(frozen=True)
class Column:
    """A declared column as SQL over the rows of a file: its value, whether it is bad, and the reason if it is."""

    name: str
    value: str
    bad: str
    reason: str


def is_integer(kind: str) -> bool:
    """Tell whether a canonical type is one of whole numbers."""
    return _INTEGER.fullmatch(kind) is not None


def of_text(name: str, text: str, declared: str, kind: str) -> Column:
    """Return a column whose text is the SQL expression ``text``; ``kind`` is its declared type as DuckDB calls it."""
    value = text if kind == "VARCHAR" else f"TRY_CAST({text} AS {declared})"
    return Column(name=name, value=value, bad=bad(text, kind), reason=reason(name, text, declared))


def bad(text: str, kind: str) -> str:
    """Return the SQL condition that a text is no value of a type."""
    if kind == "VARCHAR":
        return "false"
    conditions = [f"({text} IS NOT NULL AND TRY_CAST({text} AS {kind}) IS NULL)"]
    if is_integer(kind):
        fraction = f"TRY_CAST({text} AS DECIMAL(38, 9)) IS DISTINCT FROM TRY_CAST({text} AS {kind})"
        point = f"contains({text}, '.') OR contains({text}, 'e') OR contains({text}, 'E')"
        conditions.append(f"(({point}) AND {fraction})")
    elif match := _DECIMAL.fullmatch(kind):
        conditions.append(f"(length(rtrim(split_part({text}, '.', 2), '0')) > {match[1]})")
    elif kind == "DATE":
        conditions.append(f"(length({text}) > 10 AND NOT regexp_full_match({text}, {literal(_MIDNIGHT)}))")
    elif kind.startswith("TIMESTAMP") and kind != "TIMESTAMP WITH TIME ZONE":
        conditions.append(f"(length({text}) > 19 AND regexp_matches({text}, {literal(_OFFSET)}))")
    return f"coalesce({' OR '.join(conditions)}, false)"


def reason(name: str, text: str, declared: str) -> str:
    """Return the SQL text that says what is wrong with a value."""
    return f"{literal(f'column {name!r}: ')} || {shown(text)} || {literal(f' is not {declared}')}"


def shown(text: str) -> str:
    """Return the SQL text of a value in quotes, shortened and in one line."""
    line = f"regexp_replace(left({text}, 60), '[\\x00-\\x1f]', ' ', 'g')"
    return f"'''' || {line} || CASE WHEN length({text}) > 60 THEN '...' ELSE '' END || ''''"
