"""Statistics and arithmetic over metrics."""

from __future__ import annotations

import datetime as dt

import pytest

from config.errors import LineError
from local.metric_math import Series, evaluated, statistic

T = dt.datetime(2013, 8, 15, tzinfo=dt.UTC)


def value(expression: str, **known: float | None) -> float | None:
    found: dict[str, Series] = {name: {} if each is None else {T: each} for name, each in known.items()}
    return evaluated(expression, found, [T]).get(T)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b * 2", 7.0),
        ("-a", -1.0),
        ("b ** 2", 9.0),
        ("MAX([a, b])", 3.0),
        ("AVG([a, b, none])", 2.0),
        ("FILL(none, 0)", 0.0),
        ("IF(a > b, 1, 2)", 2.0),
        ("a / (b - 3)", None),
        ("a + none", None),
    ],
)
def test_an_expression_is_evaluated_by_period(expression: str, expected: float | None) -> None:
    assert value(expression, a=1.0, b=3.0, none=None) == expected


@pytest.mark.parametrize("expression", ["RATE(a)", "METRICS()", "unknown", "__import__('os')", "a and a", "[a]"])
def test_what_is_not_supported_is_told(expression: str) -> None:
    with pytest.raises(LineError, match="is not supported by the embedded AWS, expected arithmetic"):
        value(expression, a=1.0)


def test_an_unreadable_expression_is_told() -> None:
    with pytest.raises(LineError, match=r"metric expression 'a \+': it cannot be read"):
        value("a +", a=1.0)


def test_an_unknown_statistic_is_told() -> None:
    with pytest.raises(LineError) as told:
        statistic([1], "tm99")
    assert str(told.value) == (
        "statistic tm99: it is not supported, expected one of Average, Sum, Minimum, Maximum, SampleCount or a "
        "percentile, p50"
    )
