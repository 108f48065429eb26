"""The tests of a table as a ruleset of AWS Glue Data Quality, in its language DQDL.

A test that DQDL has a rule for becomes that rule where the two agree on every row; all others become SQL (Spark's)
over the table, which DQDL calls ``primary``. DQDL knows no severities: each stands in a comment, one rule for each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlglot
from sqlglot import errors

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
from config.errors import LineError
from config.thresholds import RowCheck
from runtime.findings import column, text
from runtime.given import Given


def ruleset(checks: Sequence[Check], *, subject: str, given: Given) -> str:
    """Return the ruleset of one table; raises LineError for a condition that has no form in Spark's SQL."""
    blocks = []
    for i, check in enumerate(checks):
        for level in check.severities:
            test = check.at(level)
            told = f"{level}: {check.check} {column(check)}".strip() + (f": {check.why}" if check.why else "")
            blocks.append((" ".join(told.split()), _Rule(f"{subject}[{i}]", given).of(test)))
    rules = ",\n".join(f"    # {told}\n    {rule}" for told, rule in blocks)
    return f"Rules = [\n{rules}\n]\n"


class _Rule:
    def __init__(self, key: str, given: Given) -> None:
        self._key, self._given = key, given

    def of(self, test: Check) -> str:
        """Return the rule of a test of one severity."""
        allowed = test.allowed if isinstance(test, RowCheck) else 0.0
        native = self._native(test) if not allowed else self._shares(test, allowed)
        return native or self._sql(test, allowed)

    def _native(self, test: Check) -> str:  # noqa: PLR0911 (a table of cases)
        match test:
            case NotNull():
                return f"IsComplete {quoted(test.column)}"
            case Unique() if len(test.columns) == 1:
                return f"IsUnique {quoted(test.columns[0])}"
            case Key():
                return f"IsPrimaryKey {' '.join(map(quoted, test.columns))}"
            case AcceptedValues() if not any(isinstance(value, bool | float) for value in test.values):
                values = ", ".join(quoted(value) if isinstance(value, str) else str(value) for value in test.values)
                return f"ColumnValues {quoted(test.column)} in [{values}]{_known(test.column)}"
            case Pattern():
                pattern = quoted(f"^(?:{test.pattern})$")
                return f"ColumnValues {quoted(test.column)} matches {pattern}{_known(test.column)}"
            case Length():
                return _bounded(f"ColumnLength {quoted(test.column)}", test, _known(test.column))
            case Range():
                return self._range(test)
            case RowCount():
                return _bounded("RowCount", test)
            case Mean():
                return _bounded(f"Mean {quoted(test.column)}", test)
            case RowCountChange():
                change = _share(test.maximum)
                low, high = number(max(0.0, 1 - change)), number(1 + change)
                usual = f"avg(last({test.runs}))"
                return f"(RowCount >= {usual} * {low}) and (RowCount <= {usual} * {high})"
        return self._shares(test, 0.0)

    def _shares(self, test: Check, allowed: float) -> str:
        match test:
            case NotNull():
                return f"Completeness {quoted(test.column)} >= {number(1 - allowed)}"
            case References():
                own, other = ",".join(test.columns), ",".join(test.targets)
                target = f"{test.table}.{other}" if len(test.targets) == 1 else f"{test.table}.{{{other}}}"
                sign = ">=" if allowed else "="
                return f"ReferentialIntegrity {quoted(own)} {quoted(target)} {sign} {number(1 - allowed)}"
        return ""

    def _range(self, test: Range) -> str:
        """A range of numbers or dates; a moment within a day is not in the language."""
        parts = []
        for setting, sign in (("minimum", ">="), ("maximum", "<=")):
            bound = getattr(test, setting)
            if bound is None:
                continue
            value = self._given.value(bound, f"{self._key}.{setting}")
            if isinstance(value, dt.datetime) and bound != "now":
                return ""
            told = (
                "now()"
                if bound == "now"
                else quoted(value.isoformat())
                if isinstance(value, dt.date)
                else number(value)
            )
            parts.append(f"ColumnValues {quoted(test.column)} {sign} {told}{_known(test.column)}")
        return _all(parts)

    def _sql(self, test: Check, allowed: float) -> str:  # noqa: PLR0911 (a table of cases)
        match test:
            case Quantile():
                place = f"percentile_disc({text(test.quantile)}) within group (order by {name(test.column)})"
                return _bounded(_custom(f"select {place} from primary"), test)  # noqa: S608 (the line's own)
            case Share():
                condition = self._spark(test.condition)
                return _bounded(_custom(f"select avg(case when {condition} then 1.0 else 0.0 end) from primary"), test)  # noqa: S608 (the line's own)
            case Freshness():
                as_of = f"timestamp '{self._given.moment(test.as_of, self._key).isoformat()}'"
                as_of = "current_timestamp()" if test.as_of == "now" else as_of
                moment = f"cast({name(test.column)} as timestamp)"
                age = f"(unix_timestamp({as_of}) - unix_timestamp(max({moment}))) / 3600"
                return f"{_custom(f'select {age} from primary where {moment} <= {as_of}')} <= {number(test.hours)}"  # noqa: S608 (the line's own)
            case Unique() | Key():
                names = ", ".join(map(name, test.columns))
                known = " and ".join(f"{name(one)} is not null" for one in test.columns)
                of = "count(*)" if isinstance(test, Key) else f"count(case when {known} then 1 end)"
                failed = f"({of} - count(distinct {names}))"
                return f"{_custom(f'select {failed} / greatest(count(*), 1) from primary')} <= {number(allowed)}"  # noqa: S608 (the line's own)
            case Complete():
                return f"{_custom(_missing(test))} <= {number(allowed)}"
        failing = self._failing(test)
        if not allowed:
            return f"{_custom(f'select count(*) from primary where {failing}')} = 0"  # noqa: S608 (the line's own)
        share = f"select avg(case when {failing} then 1.0 else 0.0 end) from primary"  # noqa: S608 (the line's own)
        return f"{_custom(share)} <= {number(allowed)}"

    def _failing(self, test: Check) -> str:
        """The condition of rows that fail, in Spark's SQL."""
        match test:
            case AcceptedValues():
                values = ", ".join(literal(value) for value in test.values)
                return f"{name(test.column)} not in ({values})"
            case Pattern():
                return f"not {name(test.column)} rlike {literal(f'^(?:{test.pattern})$')}"
            case Range() | Length():
                what = name(test.column) if isinstance(test, Range) else f"length({name(test.column)})"
                parts = [
                    f"{what} {sign} {self._bound(bound, setting)}"
                    for setting, sign in (("minimum", "<"), ("maximum", ">"))
                    if (bound := getattr(test, setting)) is not None
                ]
                return f"({' or '.join(parts)})"
            case Sql():
                return f"not coalesce({self._spark(test.condition)}, false)"
        raise AssertionError(test.check)

    def _bound(self, bound: Any, setting: str) -> str:
        value = self._given.value(bound, f"{self._key}.{setting}")
        if bound == "now":
            return "current_timestamp()"
        if isinstance(value, dt.datetime):
            return f"timestamp '{value.isoformat()}'"
        return f"date '{value.isoformat()}'" if isinstance(value, dt.date) else number(value)

    def _spark(self, condition: str) -> str:
        """A condition of DuckDB's SQL in Spark's, its parameters replaced by their values."""
        try:
            tree = sqlglot.parse_one(condition, read="duckdb")
        except errors.SqlglotError:
            raise LineError(f"{self._key}.condition: has no form in Spark's SQL: write it in portable SQL") from None
        for parameter in list(tree.find_all(sqlglot.exp.Parameter, sqlglot.exp.Placeholder)):
            value = self._given.value(f"${parameter.name}", f"{self._key}.condition")
            spelled = f"date '{value.isoformat()}'" if isinstance(value, dt.date) else number(value)
            parameter.replace(sqlglot.parse_one(spelled))
        return f"({tree.sql(dialect='spark', comments=False)})"


def _bounded(what: str, test: Any, suffix: str = "") -> str:
    parts = [f"{what} >= {number(test.minimum)}{suffix}"] if test.minimum is not None else []
    parts += [f"{what} <= {number(test.maximum)}{suffix}"] if test.maximum is not None else []
    return _all(parts)


def _all(rules: Sequence[str]) -> str:
    return rules[0] if len(rules) == 1 else " and ".join(f"({rule})" for rule in rules)


def _known(column: str) -> str:
    """DQDL fails a row with a null, the tests do not."""
    return f" where {quoted(f'{name(column)} is not null')}"


def _custom(sql: str) -> str:
    return f"CustomSql {quoted(' '.join(sql.split()))}"


def _missing(test: Complete) -> str:
    unit, seconds = test.every, {"hour": 3600, "day": 86400}[test.every]
    by = "".join(f"{name(one)}, " for one in test.by)
    slots = f"select distinct {by}date_trunc('{unit}', {name(test.column)}) as slot from primary"  # noqa: S608 (the line's own)
    grouped = f" group by {by.rstrip(', ')}" if by else ""
    span = f"(unix_timestamp(max(slot)) - unix_timestamp(min(slot))) / {seconds} + 1"
    each = f"select count(*) as present, {span} as span from ({slots} where {name(test.column)} is not null){grouped}"  # noqa: S608 (the line's own)
    return f"select coalesce(sum(span - present) / sum(span), 0) from ({each})"  # noqa: S608 (the line's own)


def _share(value: Any) -> float:
    return float(value)


def name(column: str) -> str:
    """Return a column's name in Spark's SQL: quoted only where it must be."""
    return column if column.isidentifier() and column.isascii() else f"`{column.replace('`', '``')}`"


def literal(value: object) -> str:
    """Return a constant in Spark's SQL.

    >>> literal("O'Hare")
    "'O\\\\'Hare'"
    """
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return str(value).lower() if isinstance(value, bool) else number(value)


def number(value: Any) -> str:
    """Return a number as DQDL writes it: without an exponent.

    >>> number(1000000.0), number(0.05), number(1e-07)
    ('1000000', '0.05', '0.0000001')
    """
    if float(value).is_integer():
        return str(int(value))
    return f"{round(float(value), 12):.12f}".rstrip("0")


def quoted(value: str) -> str:
    """Return a text as DQDL writes it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
