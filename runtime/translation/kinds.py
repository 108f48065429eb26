"""The kind of value that each expression of a portable SELECT has in DuckDB, as far as its translation depends on it.

sqlglot infers types; what it says otherwise than DuckDB is put right here: constants with a point are decimals, a
quotient is a double, two dates apart are a number of days, two moments an interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.optimizer.annotate_types import TypeAnnotator, annotate_types

Kind = Literal["integer", "decimal", "double", "text", "boolean", "date", "moment", "clock", "interval", "null", ""]
"""``moment`` is TIMESTAMPTZ, ``clock`` a TIMESTAMP without a time zone, empty what is not known."""

_T = exp.DataType.Type
_KINDS: dict[Any, Kind] = {
    **dict.fromkeys((_T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT, _T.INT128), "integer"),
    **dict.fromkeys((_T.UTINYINT, _T.USMALLINT, _T.UINT, _T.UBIGINT, _T.UINT128), "integer"),
    **dict.fromkeys((_T.FLOAT, _T.DOUBLE), "double"),
    **dict.fromkeys((_T.VARCHAR, _T.TEXT, _T.CHAR), "text"),
    **dict.fromkeys((_T.TIMESTAMP, _T.TIMESTAMPNTZ, _T.TIMESTAMP_S, _T.TIMESTAMP_MS, _T.TIMESTAMP_NS), "clock"),
    _T.DECIMAL: "decimal",
    _T.BOOLEAN: "boolean",
    _T.DATE: "date",
    _T.TIMESTAMPTZ: "moment",
    _T.INTERVAL: "interval",
    _T.NULL: "null",
}
_TYPES = {
    "integer": _T.BIGINT,
    "decimal": _T.DECIMAL,
    "double": _T.DOUBLE,
    "clock": _T.TIMESTAMP,
    "moment": _T.TIMESTAMPTZ,
    "interval": _T.INTERVAL,
    "date": _T.DATE,
    "null": _T.NULL,
}


def kind(expression: exp.Expr) -> Kind:
    """Return the kind of a typed expression, empty when it is not known."""
    found = expression.type
    return _KINDS.get(found.this, "") if isinstance(found, exp.DataType) else ""


def typed(tree: exp.Expr, schema: Mapping[str, object]) -> exp.Expr:
    """Return the qualified tree with a type on each expression."""
    return annotate_types(tree, schema=dict(schema), dialect="duckdb", expression_metadata=_METADATA)


def _literal(annotator: TypeAnnotator, literal: Any) -> Any:
    if literal.is_string:
        found = _T.VARCHAR
    elif literal.is_int:
        found = _T.INT if abs(int(literal.name)) < 1 << 31 else _T.BIGINT
    else:
        found = _T.DOUBLE if "e" in literal.name.lower() else _T.DECIMAL
    return _set(annotator, literal, found)


def _arithmetic(annotator: TypeAnnotator, binary: Any) -> Any:
    left, right = kind(binary.this), kind(binary.expression)
    return _set(annotator, binary, _TYPES.get(_combined(type(binary), left, right), _T.UNKNOWN))


def _combined(operator: type[exp.Expr], left: Kind, right: Kind) -> Kind:
    both = {left, right}
    is_sum = operator in (exp.Add, exp.Sub)
    if "interval" in both:
        other: Kind = next(iter(both - {"interval"}), "interval")
        return "interval" if not is_sum or other == "interval" else "clock" if other == "date" else other
    if "date" in both and is_sum:
        return "integer" if both == {"date"} else "date" if both == {"date", "integer"} else ""
    if both <= {"moment", "clock"} and operator is exp.Sub:
        return "interval"
    numbers: tuple[Kind, ...] = ("double", "decimal", "integer")
    for found in numbers:
        if found in both and both <= {"double", "decimal", "integer", "null"}:
            return found
    return ""


def _of_argument(kinds: Mapping[str, Any]) -> Any:
    """The type depends on the argument's kind; one that is not listed stays."""

    def annotate(annotator: TypeAnnotator, function: Any) -> Any:
        argument = function.this
        return _set(annotator, function, kinds.get(kind(argument), argument.type))

    return {"annotator": annotate}


def _set(annotator: TypeAnnotator, expression: Any, found: Any) -> Any:
    annotator._set_type(expression, found)
    return expression


def _parameter(annotator: TypeAnnotator, placeholder: Any) -> Any:
    return _set(annotator, placeholder, exp.DataType.build(placeholder.meta.get("kind", "unknown"), dialect="duckdb"))


def _extract(annotator: TypeAnnotator, extract: Any) -> Any:
    return _set(annotator, extract, _T.DOUBLE if extract.name.upper() == "EPOCH" else _T.BIGINT)


def _returns(found: Any) -> dict[str, Any]:
    return {"returns": found}


_METADATA: dict[Any, dict[str, Any]] = {
    **DuckDB.EXPRESSION_METADATA,
    exp.Literal: {"annotator": _literal},
    exp.Placeholder: {"annotator": _parameter},
    exp.Null: {"annotator": lambda annotator, null: _set(annotator, null, exp.DataType.build("null"))},
    **{operator: {"annotator": _arithmetic} for operator in (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.IntDiv)},
    exp.Extract: {"annotator": _extract},
    **dict.fromkeys((exp.Floor, exp.Ceil), _of_argument({"integer": _T.DOUBLE})),
    **dict.fromkeys((exp.Round, exp.Abs, exp.ArgMax, exp.ArgMin), _of_argument({})),
    **dict.fromkeys((exp.Median, exp.PercentileCont), _of_argument({"integer": _T.DOUBLE})),
    exp.Sum: _of_argument({"integer": _T.BIGINT, "boolean": _T.BIGINT}),
    **dict.fromkeys(
        (exp.Div, exp.Avg, exp.TimeToUnix, exp.Pow, exp.Sqrt, exp.Ln, exp.Log, exp.Exp), _returns(_T.DOUBLE)
    ),
    **dict.fromkeys((exp.StrPosition, exp.Sign, exp.DateDiff, exp.CountIf), _returns(_T.BIGINT)),
    **dict.fromkeys((exp.SplitPart, exp.RegexpExtract, exp.RegexpReplace, exp.Replace, exp.Pad), _returns(_T.VARCHAR)),
    exp.UnixToTime: _returns(_T.TIMESTAMPTZ),
    exp.TimestampTrunc: _of_argument({"date": _T.TIMESTAMP}),
}
