"""Statistics of metrics over periods, and arithmetic over them, as alarms need them.

moto 5.2.5 knows no percentiles and no arithmetic, leaves the namespace out when dimensions are given, and the
dimensions out when none are (``cloudwatch/models.py:777``).
"""

from __future__ import annotations

import ast
import datetime as dt
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from config.errors import LineError

Series = dict[dt.datetime, float]
"""Start of a period → value; a period without data is absent."""

ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def statistic(values: Sequence[float], name: str) -> float:
    """Return a statistic of the values by CloudWatch's name: Average, Sum, Minimum, Maximum, SampleCount, p99.

    >>> statistic([1, 2, 3, 10], "p50"), statistic([1, 2, 3, 10], "Average")
    (2, 4.0)
    """
    known: dict[str, Callable[[Sequence[float]], float]] = {
        "Average": lambda given: sum(given) / len(given),
        "Sum": sum,
        "Minimum": min,
        "Maximum": max,
        "SampleCount": len,
    }
    if name in known:
        return known[name](values)
    if name.startswith("p"):
        return sorted(values)[max(0, math.ceil(float(name[1:]) / 100 * len(values)) - 1)]
    raise LineError(f"statistic {name}: it is not supported, expected one of {', '.join(known)} or a percentile, p50")


def periods(now: dt.datetime, seconds: int, count: int) -> list[dt.datetime]:
    """Return the starts of the last periods, the one that ``now`` lies in as the last.

    >>> [f"{start:%H:%M}" for start in periods(dt.datetime(2013, 8, 15, 10, 3, 20, tzinfo=dt.UTC), 60, 2)]
    ['10:02', '10:03']
    """
    newest = int(now.timestamp()) // seconds * seconds
    return [dt.datetime.fromtimestamp(newest - seconds * back, dt.UTC) for back in reversed(range(count))]


def series(data: Iterable[Any], query: Mapping[str, Any], starts: Sequence[dt.datetime]) -> Series:
    """Return one metric's statistic for each period that has data; ``query`` is an alarm's MetricStat."""
    metric, period = query["Metric"], dt.timedelta(seconds=int(query["Period"]))
    wanted = {(dimension["Name"], dimension["Value"]) for dimension in metric.get("Dimensions", [])}
    buckets: dict[dt.datetime, list[float]] = {start: [] for start in starts}
    for datum in data:
        if (datum.namespace, datum.name) != (metric["Namespace"], metric["MetricName"]):
            continue
        if {(dimension.name, dimension.value) for dimension in datum.dimensions} != wanted:
            continue
        at = datum.timestamp if datum.timestamp.tzinfo else datum.timestamp.replace(tzinfo=dt.UTC)
        start = next((start for start in starts if start <= at < start + period), None)
        if start:
            buckets[start].append(float(datum.value))
    return {start: statistic(values, query["Stat"]) for start, values in buckets.items() if values}


def evaluated(expression: str, known: Mapping[str, Series], starts: Sequence[dt.datetime]) -> Series:
    """Return an expression's value for each period; one that lacks a value, or divides by zero, is absent.

    >>> t = dt.datetime(2013, 8, 15, tzinfo=dt.UTC)
    >>> evaluated("100 * bad / (bad + good)", {"bad": {t: 1.0}, "good": {t: 3.0}}, [t]) == {t: 25.0}
    True
    """
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        raise LineError(f"metric expression {expression!r}: it cannot be read: {error.msg}") from error
    found = {}
    for start in starts:
        value = _value(tree, {name: values.get(start) for name, values in known.items()}, expression)
        if value is not None:
            found[start] = value
    return found


def _value(node: ast.expr, known: Mapping[str, float | None], expression: str) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _value(operand, known, expression)
            return None if value is None else -value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            return _both(ARITHMETIC[type(op)], left, right, known, expression)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
            return _both(COMPARISONS[type(op)], left, right, known, expression)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name.upper(), arguments, known, expression)
    raise _unsupported(expression)


def _both(
    function: Callable[[float, float], float],
    left: ast.expr,
    right: ast.expr,
    known: Mapping[str, float | None],
    expression: str,
) -> float | None:
    a, b = _value(left, known, expression), _value(right, known, expression)
    try:
        return None if a is None or b is None else float(function(a, b))
    except ZeroDivisionError:
        return None


def _call(name: str, arguments: list[ast.expr], known: Mapping[str, float | None], expression: str) -> float | None:
    if name == "METRICS":
        raise _unsupported(expression)
    if len(arguments) == 1 and isinstance(arguments[0], ast.List):
        arguments = arguments[0].elts
    given = [_value(argument, known, expression) for argument in arguments]
    if name == "FILL" and len(given) == 2:
        return given[1] if given[0] is None else given[0]
    if name == "IF" and len(given) in (2, 3):
        return None if given[0] is None else given[1] if given[0] else (given[2] if len(given) == 3 else None)
    present = [value for value in given if value is not None]
    several: dict[str, Callable[[Sequence[float]], float]] = {
        "MAX": max,
        "MIN": min,
        "SUM": sum,
        "AVG": lambda values: sum(values) / len(values),
        "ABS": lambda values: abs(values[0]),
    }
    if name not in several:
        raise _unsupported(expression)
    return float(several[name](present)) if present else None


def _unsupported(expression: str) -> LineError:
    return LineError(
        f"metric expression {expression!r}: it is not supported by the embedded AWS, expected arithmetic, comparisons, "
        "FILL, IF, MAX, MIN, SUM, AVG and ABS over metric ids"
    )
