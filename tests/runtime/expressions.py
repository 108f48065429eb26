"""Random expressions of portable SQL over random rows of the columns below, none of which can fail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

COLUMNS = {
    "i": "BIGINT",
    "j": "BIGINT",
    "x": "DOUBLE",
    "y": "DOUBLE",
    "s": "VARCHAR",
    "w": "VARCHAR",
    "f": "BOOLEAN",
    "day": "DATE",
    "ts": "TIMESTAMPTZ",
    "clock": "TIMESTAMP",
}
_ZONES = ("UTC", "America/New_York", "Europe/Zurich", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns")
_FIELDS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "DOW", "ISODOW", "DOY")
_CUTS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")

_texts = st.text(alphabet="ab-é🙂 1_%'", max_size=6)
_clocks = st.datetimes(min_value=dt.datetime(1971, 1, 1), max_value=dt.datetime(2037, 1, 1))  # noqa: DTZ001 (clocks)
_doubles = st.sampled_from([0.0, -0.0, 0.1, 0.285, 1.5, -2.5, 1e18, 1e-9, 123.456, float("nan"), float("inf")])


def rows() -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Rows of the columns, nulls among them."""
    whole = st.integers(-50, 50)
    values = (whole, whole, _doubles, _doubles, _texts, _texts, st.booleans(), st.dates(), _clocks, _clocks)
    kept = [st.none() | value for value in values]
    kept[7] = st.none() | _clocks.map(lambda clock: clock.date())
    kept[8] = st.none() | _clocks.map(lambda clock: clock.replace(tzinfo=dt.UTC))
    return st.lists(st.tuples(*kept), min_size=1, max_size=12)


def _filled(*templates: str) -> Callable[[Any], Any]:
    """Strategies of a kind from templates: {i} an integer, {x} a double, {s} a text, {b} a condition, {m} a moment."""
    return lambda parts: st.sampled_from(templates).flatmap(
        lambda template: st.fixed_dictionaries(
            {key: parts[key] for key in ("i", "k", "x", "z", "s", "t", "b", "m", "c")}
        ).map(lambda chosen: template.format(**chosen))
    )


_INTEGER = _filled(
    "({i} + {k})", "({i} - {k})", "(-({i}))", "({i} % 7)", "(({i}) // 3)", "ABS({i})",
    "COALESCE({i}, {k})",
    "CASE WHEN {b} THEN {i} ELSE {k} END", "LENGTH({s})", "STRPOS({s}, {t})", "NULLIF({i}, {k})", "GREATEST({i}, {k})",
    "LEAST({i}, {k})", "CAST({b} AS INTEGER)", "DATE_DIFF('day', {m}, {m})", "ROUND({i}, -1)",
    "TRY_CAST({s} AS BIGINT)", "EXTRACT(DAY FROM {m} - {m})",
    *(f"EXTRACT({field} FROM {{m}})" for field in _FIELDS), *(f"EXTRACT({field} FROM {{c}})" for field in _FIELDS),
)  # fmt: skip
_DOUBLE = _filled(
    "({x} + {z})", "({x} - {z})", "({x} * {z})", "(({x}) / ({z}))", "(({i}) / ({k}))", "ROUND({x}, 2)", "ROUND({x})",
    "FLOOR({x})", "CEIL({x})", "ABS({x})", "COALESCE({x}, {z})", "CASE WHEN {b} THEN {x} END", "CAST({i} AS DOUBLE)",
    "GREATEST({x}, {z})", "LEAST({x}, {z})", "(({x}) % ({z}))", "(EPOCH({m}) / 60)", "LN({x})",
    "CAST(SIGN({x}) AS DOUBLE)",
)  # fmt: skip
_TEXT = _filled(
    "({s} || {t})", "CONCAT({s}, {t})", "SUBSTRING({s}, 2, 3)", "SUBSTRING({s}, {i}, 2)", "LEFT({s}, 2)", "TRIM({s})",
    "REPLACE({s}, 'a', 'bb')", "LPAD({s}, 5, 'x')", "COALESCE({s}, {t})", "SPLIT_PART({s}, '-', 2)", "({s} || ({i}))",
    "CASE WHEN {b} THEN {s} ELSE {t} END", "CONCAT_WS('-', {s}, {t})", "STRFTIME({m}, '%Y-%m-%d %H:%M:%S')",
)  # fmt: skip
_CONDITION = _filled(
    "({i} > {k})", "({x} <= {z})", "({x} = {z})", "({s} = {t})", "({s} < {t})", "({b} AND {b})", "({b} OR {b})",
    "(NOT ({b}))", "({i} IS NULL)", "({s} LIKE '%a_%')", "CONTAINS({s}, {t})", "({i} IN (1, 2, 3))",
    "({i} BETWEEN -5 AND {k})", "({x} IS DISTINCT FROM {z})", "({m} > {m})", "STARTS_WITH({s}, {t})", "ISNAN({x})",
)  # fmt: skip
_MOMENT = _filled(
    "({m} + ({i}) * INTERVAL '1' MINUTE)", "({m} - INTERVAL '1' MONTH)", "({m} + INTERVAL '36' HOUR)",
    *(f"DATE_TRUNC('{cut}', {{m}})" for cut in _CUTS), *(f"(({{c}}) AT TIME ZONE '{zone}')" for zone in _ZONES),
)  # fmt: skip
_CLOCK = _filled(
    "({c} + INTERVAL '1' DAY)", "({c} - ({i}) * INTERVAL '1' HOUR)", "DATE_TRUNC('month', {c})",
    *(f"(({{m}}) AT TIME ZONE '{zone}')" for zone in _ZONES),
)  # fmt: skip


def expressions(depth: int = 3) -> st.SearchStrategy[str]:
    """An expression of any kind."""
    parts: dict[str, st.SearchStrategy[str]] = {
        "i": st.sampled_from(["i", "j", "3", "-2"]),
        "x": st.sampled_from(["x", "y", "0.5e0"]),
        "s": st.sampled_from(["s", "w", "'a'"]),
        "b": st.sampled_from(["f", "i > 0", "x > y"]),
        "m": st.sampled_from(["ts", "TIMESTAMPTZ '2013-11-03 05:30:00+00'"]),
        "c": st.sampled_from(["clock", "CAST(day AS TIMESTAMP)", "TIMESTAMP '2013-03-10 02:30:00'"]),
    }
    for _ in range(depth):
        known = {**parts, "k": parts["i"], "z": parts["x"], "t": parts["s"]}
        parts = {
            "i": parts["i"] | _INTEGER(known),
            "x": parts["x"] | _DOUBLE(known),
            "s": parts["s"] | _TEXT(known),
            "b": parts["b"] | _CONDITION(known),
            "m": parts["m"] | _MOMENT(known),
            "c": parts["c"] | _CLOCK(known),
        }
    return st.one_of(*parts.values())
