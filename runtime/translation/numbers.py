"""Arithmetic and casts in Spark SQL, where they differ from DuckDB's."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.generators.spark import SparkGenerator as Generator

from runtime.translation.kinds import kind
from runtime.translation.portable import shown
from runtime.translation.text import as_text
from runtime.translation.types import (
    Made,
    Refused,
    double,
    from_text,
    is_number,
    operand,
    spark_type,
    unknown,
)


def _div(generator: Generator, division: exp.Div) -> str:
    """DuckDB divides doubles as IEEE 754 does, by zero too; Spark divides decimals as decimals and fails at zero."""
    if "interval" in (kind(division.this), kind(division.expression)):
        raise Refused(division, "the division of an interval", "divide EPOCH of it")
    left, right = double(generator, division.this), double(generator, division.expression)
    if is_number(division.expression, least=1):
        return f"{left} / {right}"
    return f"IF({right} = 0, {left} * POWER({right}, -1), {left} / {right})"


def _int_div(generator: Generator, division: exp.IntDiv) -> str:
    if not {kind(division.this), kind(division.expression)} <= {"integer", "null"}:
        raise Refused(division, f"{shown(division)} of other than integers", "use FLOOR(a / b)")
    return f"{generator.sql(division.this)} DIV {generator.sql(division.expression)}"


def _mod(generator: Generator, modulo: exp.Mod) -> str:
    """By zero, a double's is NaN in DuckDB and an error in Spark."""
    if "double" not in (kind(modulo.this), kind(modulo.expression)):
        return f"{operand(generator, modulo.this)} % {operand(generator, modulo.expression)}"
    left, right = double(generator, modulo.this), double(generator, modulo.expression)
    return f"IF({right} = 0, {left} * CAST('NaN' AS DOUBLE), {left} % {right})"


def _whole(name: str) -> Made:
    """Spark's FLOOR and CEIL give a BIGINT, in which NaN is 0; from 2 to the power of 52 on every double is whole."""

    def make(generator: Generator, function: exp.Floor | exp.Ceil) -> str:
        if function.args.get("decimals"):
            raise Refused(function, f"{name} with digits", f"scale the number: {name}(x * 10) / 10")
        text = generator.sql(function.this)
        match kind(function.this):
            case "double":
                return f"IF(ABS({text}) < 4503599627370496D, CAST({name}({text}) AS DOUBLE), {text})"
            case "integer":
                return f"CAST({text} AS DOUBLE)"
            case "decimal":
                return f"{name}({text})"
        raise unknown(function.this)

    return make


def _round(generator: Generator, function: exp.Round) -> str:
    """DuckDB rounds a double after scaling it, Spark rounds its decimal text: 0.285 to 0.28 and to 0.29."""
    digits = function.args.get("decimals")
    text = generator.sql(function.this)
    places = 0
    if digits is not None:
        if not is_number(digits, least=-18):
            raise Refused(function, "ROUND to other than a constant number of digits", "give a constant")
        places = -int(digits.this.name) if isinstance(digits, exp.Neg) else int(digits.name)
    match kind(function.this):
        case "double" if places > 0:
            return f"(ROUND(({text}) * 1e{places}) / 1e{places})"
        case "double" if places < 0:
            return f"(ROUND(({text}) / 1e{-places}) * 1e{-places})"
        case "integer" if places >= 0:
            return text
        case "decimal" if places < 0:
            raise Refused(function, "ROUND of a decimal to tens", "cast it to DOUBLE or INTEGER")
        case "double" | "integer" | "decimal":
            return f"ROUND({text}, {places})" if places else f"ROUND({text})"
    raise unknown(function.this)


def _ln(generator: Generator, function: exp.Ln) -> str:
    """Of zero and below Spark gives null."""
    text = double(generator, function.this)
    return (
        f"CASE WHEN {text} > 0 THEN LN({text}) WHEN {text} = 0 THEN CAST('-Infinity' AS DOUBLE) "
        f"WHEN {text} < 0 THEN CAST('NaN' AS DOUBLE) END"
    )


def _sign(generator: Generator, function: exp.Sign) -> str:
    """Of NaN it is 0 in DuckDB, NaN in Spark."""
    text = generator.sql(function.this)
    return (
        f"IF({text} = CAST('NaN' AS DOUBLE), 0, SIGN({text}))" if kind(function.this) == "double" else f"SIGN({text})"
    )


def _is_nan(generator: Generator, function: exp.IsNan) -> str:
    """Of null it is null in DuckDB, false in Spark."""
    return f"({double(generator, function.this)} = CAST('NaN' AS DOUBLE))"


def _cast(generator: Generator, cast: exp.Cast) -> str:
    """To integers DuckDB rounds (doubles half to even, decimals half up) and Spark cuts; text has other forms."""
    target, given = spark_type(cast.to), kind(cast.this)
    text = generator.sql(cast.this)
    if target == "STRING":
        return as_text(generator, cast.this)
    if given == "double" and target in ("INT", "BIGINT"):
        return f"CAST(RINT({text}) AS {target})"
    if given == "decimal" and target in ("INT", "BIGINT"):
        return f"CAST(ROUND({text}) AS {target})"
    if given == "double" and target.startswith("DECIMAL"):
        scale = int(target.removesuffix(")").rpartition(" ")[2])
        scaled = f"CAST(ROUND(({text}) * 1e{scale}) AS DECIMAL(38, 0))"
        return f"CAST({scaled} * CAST('1e-{scale}' AS DECIMAL(38, {scale})) AS {target})" if scale else scaled
    if given == "text" and not isinstance(cast.this, exp.Literal):
        return from_text(text, target)
    if given == "":
        raise unknown(cast.this)
    return f"CAST({text} AS {target})"


def _try_cast(generator: Generator, cast: exp.TryCast) -> str:
    target = spark_type(cast.to)
    if kind(cast.this) != "text" or target not in ("INT", "BIGINT", "DOUBLE", "DATE"):
        raise Refused(cast, shown(cast), "TRY_CAST is for a text to INTEGER, BIGINT, DOUBLE or DATE: use CAST")
    text = generator.sql(cast.this)
    if target in ("INT", "BIGINT"):
        return f"TRY_CAST(ROUND(TRY_CAST({text} AS DECIMAL(38, 10))) AS {target})"
    return from_text(text, target, attempt=True)


WRITTEN: dict[type[exp.Expr], Made] = {
    exp.Div: _div,
    exp.IntDiv: _int_div,
    exp.Mod: _mod,
    exp.Floor: _whole("FLOOR"),
    exp.Ceil: _whole("CEIL"),
    exp.Round: _round,
    exp.Ln: _ln,
    exp.Sign: _sign,
    exp.IsNan: _is_nan,
    exp.Cast: _cast,
    exp.TryCast: _try_cast,
}
