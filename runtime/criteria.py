"""The tests in SQL: what is counted in the one pass over a table, and what is wrong with a row.

Null is a fault only for ``not_null`` and ``key``; a condition of ``sql`` that is null is not true, so it fails. NaN and
infinities lie in no range. Tests come here for one severity, their thresholds single values.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.checks import (
    AcceptedValues,
    Check,
    Freshness,
    Key,
    Length,
    Mean,
    NotNull,
    Pattern,
    Quantile,
    Range,
    References,
    Share,
    Sql,
)
from runtime.engine import literal, quoted
from runtime.given import Given
from runtime.kinds import FLOATS, family

NOTHING = "NULL"


@dataclass(frozen=True)
class Words:
    """What the tests of one table are written in: the types of its columns, and what the run gives."""

    kinds: Mapping[str, str]
    given: Given
    key: str = ""
    """Where the test stands, for messages."""

    def value(self, bound: float | str, setting: str, kind: str = "") -> str:
        """Return a bound as SQL writes it beside a column of a type: no row must be cast to be compared."""
        found = self.given.value(bound, f"{self.key}.{setting}")
        if not isinstance(found, dt.date):
            if isinstance(found, float) and found.is_integer() and kind not in FLOATS:
                return str(int(found))
            return f"{literal(found)}::DOUBLE" if kind in FLOATS else literal(found)
        if not isinstance(found, dt.datetime):
            if kind == "DATE":
                return f"DATE '{found.isoformat()}'"
            found = dt.datetime.combine(found, dt.time(), dt.UTC)
        if kind.endswith("TIME ZONE"):
            return f"TIMESTAMPTZ '{found.isoformat()}'"
        return f"TIMESTAMP '{found.astimezone(dt.UTC).replace(tzinfo=None).isoformat()}'"


def figures(check: Check, words: Words) -> tuple[str, str, str, str]:  # noqa: PLR0911 (a table of cases)
    """Return four aggregates: rows that fail, lowest value, highest value, the figure that has bounds."""
    match check:
        case Range():
            column = quoted(check.column)
            return counted(failing(check, words)), f"min({column})", f"max({column})", NOTHING
        case Length():
            size = f"length({quoted(check.column)})"
            return counted(failing(check, words)), f"min({size})", f"max({size})", NOTHING
        case Freshness():
            column, as_of = quoted(check.column), words.value(check.as_of, "as_of", words.kinds[check.column])
            return (
                NOTHING,
                NOTHING,
                NOTHING,
                f"max(CASE WHEN {column} <= {as_of} AND isfinite({column}) THEN {column} END)",
            )
        case Mean():
            return NOTHING, NOTHING, NOTHING, f"avg({quoted(check.column)})"
        case Quantile():
            return NOTHING, NOTHING, NOTHING, f"quantile_disc({quoted(check.column)}, {check.quantile})"
        case Share():
            return counted(_condition(check.condition)), NOTHING, NOTHING, NOTHING
    condition = failing(check, words)
    return (counted(condition) if condition else NOTHING), NOTHING, NOTHING, NOTHING


def counted(condition: str) -> str:
    """Return the aggregate that counts the rows for which a condition is true; none of no row."""
    return f"coalesce(count_if({condition}), 0)::BIGINT"


def failing(check: Check, words: Words) -> str:  # noqa: PLR0911 (a table of cases)
    """Return the condition that is true for the rows that fail; empty for a test that looks at more than the row.

    Of a key this is the row with a null; of references, a row whose values stand nowhere in the other table, which
    ``figures`` leaves to a join.
    """
    match check:
        case NotNull():
            return f"{quoted(check.column)} IS NULL"
        case Key():
            return " OR ".join(f"{quoted(column)} IS NULL" for column in check.columns)
        case AcceptedValues():
            values = ", ".join(literal(value) for value in check.values)
            return f"{_comparable(check.column, words)} NOT IN ({values})"
        case Range():
            return _outside(quoted(check.column), check, words, kind=words.kinds[check.column])
        case Length():
            return _outside(f"length({quoted(check.column)})", check, words, kind="BIGINT")
        case Pattern():
            return f"NOT regexp_full_match({quoted(check.column)}, {literal(check.pattern)})"
        case Sql():
            return f"{_condition(check.condition)} IS NOT TRUE"
    return ""


def dangling(check: References, relation: str) -> str:
    """Return the condition that is true for a row of the relation whose values stand nowhere in the other table."""
    own = [f"{quoted(relation)}.{quoted(column)}" for column in check.columns]
    pairs = zip(own, (f"o.{quoted(column)}" for column in check.targets), strict=True)
    return (
        f"{' AND '.join(f'{column} IS NOT NULL' for column in own)} AND NOT EXISTS "  # noqa: S608 (quoted names)
        f"(SELECT 1 FROM {quoted(check.table)} AS o WHERE {' AND '.join(f'{a} = {b}' for a, b in pairs)})"
    )


def whole(columns: Sequence[str]) -> str:
    """Return the condition for a key without a null in it."""
    return " AND ".join(f"{quoted(column)} IS NOT NULL" for column in columns)


def _outside(what: str, check: Range | Length, words: Words, *, kind: str) -> str:
    parts = [f"NOT isfinite({what})"] if kind in FLOATS or family(kind) == "moment" else []
    for setting, sign in (("minimum", "<"), ("maximum", ">")):
        bound = getattr(check, setting)
        if bound is not None:
            parts.append(f"{what} {sign} {words.value(bound, setting, kind)}")
    return " OR ".join(parts) or "false"


def _comparable(column: str, words: Words) -> str:
    """A column of another kind is compared by its text."""
    return quoted(column) if family(words.kinds[column]) != "other" else f"CAST({quoted(column)} AS VARCHAR)"


def _condition(condition: str) -> str:
    return f"(\n{condition}\n)"  # a comment at its end must not swallow what follows
