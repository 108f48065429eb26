"""What every part of the translation needs: Spark's names of types, operands, and the refusal of a construct."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.generators.spark import SparkGenerator as Generator

from runtime.translation.kinds import kind
from runtime.translation.portable import shown

Made = Callable[[Any, Any], str]
"""How a construct is written: sqlglot's generator and the construct → Spark SQL."""


class Refused(Exception):  # noqa: N818 (becomes a LineError that names the file)
    """A construct that has no equal in Spark, and the mend."""

    def __init__(self, found: exp.Expr, construct: str, mend: str) -> None:
        super().__init__(construct, mend)
        self.found, self.construct, self.mend = found, construct, mend


def spark_type(kind_of_column: exp.DataType) -> str:
    """Return Spark's name of a type; raises Refused for one that tables cannot hold.

    A moment is Spark's TIMESTAMP, a clock its TIMESTAMP_NTZ. HUGEINT, the type of a sum, is stored as BIGINT.

    >>> spark_type(exp.DataType.build("TIMESTAMPTZ", dialect="duckdb"))
    'TIMESTAMP'
    """
    if kind_of_column.is_type("decimal"):
        digits = [int(parameter.name) for parameter in kind_of_column.expressions]
        precision, scale = (*digits, 3)[:2] if digits else (18, 3)
        return "BIGINT" if (precision, scale) == (38, 0) else f"DECIMAL({precision}, {scale})"
    found = _TYPES.get(kind_of_column.this)
    if found is None:
        name = kind_of_column.sql("duckdb")
        raise Refused(kind_of_column, f"the type {name}", "cast it, for example to VARCHAR or DOUBLE")
    return found


_T = exp.DataType.Type
_TYPES = {
    **dict.fromkeys((_T.TINYINT, _T.SMALLINT, _T.INT, _T.UTINYINT, _T.USMALLINT), "INT"),
    **dict.fromkeys((_T.BIGINT, _T.UINT, _T.UBIGINT, _T.INT128), "BIGINT"),
    **dict.fromkeys((_T.VARCHAR, _T.TEXT, _T.CHAR), "STRING"),
    **dict.fromkeys((_T.TIMESTAMP, _T.TIMESTAMPNTZ, _T.TIMESTAMP_S, _T.TIMESTAMP_MS, _T.TIMESTAMP_NS), "TIMESTAMP_NTZ"),
    _T.FLOAT: "FLOAT",
    _T.DOUBLE: "DOUBLE",
    _T.BOOLEAN: "BOOLEAN",
    _T.DATE: "DATE",
    _T.TIMESTAMPTZ: "TIMESTAMP",
}


def from_text(text: str, target: str, *, attempt: bool = False) -> str:
    """Return the conversion of a text to a type; what DuckDB refuses fails here too, or is null for an attempt.

    Spark takes '2013' for a date, '10:00' for a moment of today and '1d' for a number.
    """
    cast = "TRY_CAST" if attempt else "CAST"
    pattern = {"DATE": DAY, "TIMESTAMP": DAY, "TIMESTAMP_NTZ": DAY, "DOUBLE": NUMBER, "FLOAT": NUMBER}.get(target)
    if pattern is None:
        return f"{cast}({text} AS {target})"
    problem = "NULL" if attempt else f"RAISE_ERROR(CONCAT('could not convert the text ', {text}, ' to {target}'))"
    return f"{cast}(IF({text} IS NULL OR {text} RLIKE '{pattern}', {text}, {problem}) AS {target})"


DAY = r"^\\s*[+-]?\\d+-\\d+-\\d+"
NUMBER = r"[^dDfF]\\s*$"


def double(generator: Generator, part: exp.Expr) -> str:
    text = generator.sql(part)
    if kind(part) != "double":
        return f"CAST({text} AS DOUBLE)"
    return f"({text})" if isinstance(part, exp.Binary) else text


def is_number(part: exp.Expr, *, least: float) -> bool:
    """Whether it is a whole constant of at least so much."""
    bare = part.this if isinstance(part, exp.Neg) else part
    if not isinstance(bare, exp.Literal) or bare.is_string or not bare.is_int:
        return False
    return (-int(bare.name) if isinstance(part, exp.Neg) else int(bare.name)) >= least


def operand(generator: Generator, part: exp.Expr) -> str:
    text = generator.sql(part)
    return f"({text})" if isinstance(part, exp.Binary) else text


def unknown(part: exp.Expr) -> Refused:
    return Refused(part, f"{shown(part)}, whose type is not known,", "CAST it to the type that it has")
