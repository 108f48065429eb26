"""Aggregates in Spark SQL, where they differ from DuckDB's."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.generators.spark import SparkGenerator as Generator

from runtime.translation.kinds import kind
from runtime.translation.portable import shown
from runtime.translation.text import as_text
from runtime.translation.types import Made, Refused, double


def _total(generator: Generator, function: exp.Sum) -> str:
    return f"SUM({_argument(generator, function, {'boolean': 'BIGINT'})})"


def _average(generator: Generator, function: exp.Avg) -> str:
    """Of decimals DuckDB gives a double, Spark a decimal."""
    return f"AVG({_argument(generator, function, {'decimal': 'DOUBLE'})})"


def _argument(generator: Generator, function: exp.Expr, casts: dict[str, str]) -> str:
    part = function.this
    if isinstance(part, exp.Distinct):
        if len(part.expressions) != 1:
            raise Refused(function, shown(function), "count the rows of a SELECT DISTINCT")
        inner = _casted(generator, part.expressions[0], casts)
        return f"DISTINCT {inner}"
    return _casted(generator, part, casts)


def _casted(generator: Generator, part: exp.Expr, casts: dict[str, str]) -> str:
    target = casts.get(kind(part))
    return f"CAST({generator.sql(part)} AS {target})" if target else generator.sql(part)


def _count(generator: Generator, function: exp.Count) -> str:
    return f"COUNT({'*' if function.this is None else _argument(generator, function, {})})"


def _of_doubles(name: str, *more: str) -> Made:
    def make(generator: Generator, function: Any) -> str:
        if kind(function.this) == "decimal" and name in ("MEDIAN", "PERCENTILE"):
            raise Refused(function, f"{shown(function)} of a decimal", "CAST it to DOUBLE")
        others = [generator.sql(function.args[key]) for key in more]
        return f"{name}({', '.join([double(generator, function.this), *others])})"

    return make


def _by(name: str) -> Made:
    """DuckDB leaves rows out whose value is null."""

    def make(generator: Generator, function: exp.ArgMax | exp.ArgMin) -> str:
        if function.args.get("count"):
            raise Refused(function, f"{shown(function)} of several rows", "number the rows in a subselect")
        value, order = generator.sql(function.this), generator.sql(function.expression)
        return f"{name}({value}, IF({value} IS NULL, NULL, {order}))"

    return make


def _string_agg(generator: Generator, function: exp.GroupConcat) -> str:
    ordered = function.this
    if not isinstance(ordered, exp.Order):
        raise Refused(function, "STRING_AGG without an order", "give one: STRING_AGG(x, ',' ORDER BY x)")
    separator = generator.sql(function.args["separator"]) if function.args.get("separator") else "','"
    text, order = as_text(generator, ordered.this), generator.expressions(ordered, flat=True)
    return f"LISTAGG({text}, {separator}) WITHIN GROUP (ORDER BY {order})"


WRITTEN: dict[type[exp.Expr], Made] = {
    exp.Sum: _total,
    exp.Avg: _average,
    exp.Count: _count,
    exp.Median: _of_doubles("MEDIAN"),
    exp.PercentileCont: _of_doubles("PERCENTILE", "expression"),
    exp.Stddev: _of_doubles("STDDEV_SAMP"),
    exp.StddevSamp: _of_doubles("STDDEV_SAMP"),
    exp.StddevPop: _of_doubles("STDDEV_POP"),
    exp.Variance: _of_doubles("VAR_SAMP"),
    exp.VariancePop: _of_doubles("VAR_POP"),
    exp.ArgMax: _by("MAX_BY"),
    exp.ArgMin: _by("MIN_BY"),
    exp.GroupConcat: _string_agg,
}
