"""Functions of text in Spark SQL, where they differ from DuckDB's."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.generators.spark import SparkGenerator as Generator

from runtime.translation.kinds import kind
from runtime.translation.portable import shown
from runtime.translation.types import Made, Refused, is_number, operand, unknown


def not_negative(generator: Generator, part: exp.Expr) -> str:
    """A count of characters: what a negative one means differs."""
    if is_number(part, least=0):
        return generator.sql(part)
    if isinstance(part, exp.Neg | exp.Literal):
        raise Refused(part, f"the count {shown(part)}", "give a whole number that is not negative")
    text = generator.sql(part)
    return f"IF(({text}) < 0, RAISE_ERROR('a count of characters is negative'), {text})"


def as_text(generator: Generator, part: exp.Expr) -> str:
    """What a value looks like as text differs for doubles (1e+20, 1.0E20) and moments."""
    text = generator.sql(part)
    if isinstance(part.unnest(), exp.Null):
        return "CAST(NULL AS STRING)"
    match kind(part):
        case "text":
            return text
        case "integer" | "decimal" | "date" | "boolean" | "null":
            return f"CAST({text} AS STRING)"
        case "double":
            raise Refused(part, f"{shown(part)}, a double, as text", "CAST it to a DECIMAL or an integer first")
        case "moment" | "clock" | "interval":
            raise Refused(part, f"{shown(part)}, a moment, as text", "use STRFTIME")
    raise unknown(part)


def _joined(generator: Generator, parts: exp.DPipe) -> str:
    return f"{as_text(generator, parts.this)} || {as_text(generator, parts.expression)}"


def _concat(generator: Generator, function: exp.Concat) -> str:
    """DuckDB's leaves nulls out."""
    parts = [f"COALESCE({as_text(generator, part)}, '')" for part in function.expressions]
    return f"CONCAT({', '.join(parts)})"


def _concat_ws(generator: Generator, function: exp.ConcatWs) -> str:
    return f"CONCAT_WS({', '.join(as_text(generator, part) for part in function.expressions)})"


def _substring(generator: Generator, function: exp.Substring) -> str:
    """Position 0 lies before the first character in DuckDB and is the first in Spark."""
    text, start, length = generator.sql(function.this), function.args.get("start"), function.args.get("length")
    if start is None:
        raise Refused(function, shown(function), "give the start")
    if length is None:
        return f"SUBSTRING({text}, {generator.sql(start)})"
    count, at = not_negative(generator, length), generator.sql(start)
    if is_number(start, least=1):
        return f"SUBSTRING({text}, {at}, {count})"
    return f"IF(({at}) = 0, SUBSTRING({text}, 1, {count} - 1), SUBSTRING({text}, {at}, {count}))"


def _side(name: str) -> Made:
    def make(generator: Generator, function: exp.Left | exp.Right) -> str:
        return f"{name}({generator.sql(function.this)}, {not_negative(generator, function.expression)})"

    return make


def _split_part(generator: Generator, function: exp.SplitPart) -> str:
    separator, index = function.args["delimiter"], function.args["part_index"]
    if not isinstance(separator, exp.Literal) or not separator.name:
        raise Refused(function, "SPLIT_PART by other than a constant text", "give the separator")
    return f"SPLIT_PART({generator.sql(function.this)}, {generator.sql(separator)}, {generator.sql(index)})"


def _position(generator: Generator, function: exp.StrPosition) -> str:
    if function.args.get("position") or function.args.get("occurrence"):
        raise Refused(function, shown(function), "search in a SUBSTRING")
    return f"LOCATE({generator.sql(function.args['substr'])}, {generator.sql(function.this)})"


def _like(operator: str) -> Made:
    """Spark takes a backslash in a pattern as an escape."""

    def make(generator: Generator, like: exp.Like | exp.ILike) -> str:
        pattern = like.expression
        if not isinstance(pattern, exp.Literal) or "\\" in pattern.name:
            raise Refused(like, f"{operator} with other than a constant without backslash", "use CONTAINS or SUBSTRING")
        negated = "NOT " if like.args.get("negate") else ""
        return f"{generator.sql(like.this)} {negated}{operator} {generator.sql(pattern)}"

    return make


def _pattern(function: exp.Expr) -> exp.Literal:
    pattern = function.expression
    if not isinstance(pattern, exp.Literal):
        raise Refused(function, "a regular expression that is no constant", "write it out")
    return pattern


def _matches(generator: Generator, function: exp.RegexpLike) -> str:
    if function.args.get("flag"):
        raise Refused(function, "REGEXP_MATCHES with options", "write them into the pattern, for example (?i)")
    return f"{operand(generator, function.this)} RLIKE {generator.sql(_pattern(function))}"


def _extracted(generator: Generator, function: exp.RegexpExtract) -> str:
    """Without a group DuckDB gives the whole match, Spark the first group."""
    group = function.args.get("group")
    if function.args.get("parameters") or (group is not None and not is_number(group, least=0)):
        raise Refused(function, "REGEXP_EXTRACT with options", "give the number of a group, or nothing more")
    number = "0" if group is None else generator.sql(group)
    return f"REGEXP_EXTRACT({generator.sql(function.this)}, {generator.sql(_pattern(function))}, {number})"


def _replaced(generator: Generator, function: exp.RegexpReplace) -> str:
    """DuckDB replaces the first match unless told 'g', Spark all; and they write groups as backslash 1 and $1."""
    by, how = function.args.get("replacement"), function.args.get("modifiers")
    if not isinstance(how, exp.Literal) or how.name != "g":
        raise Refused(function, "REGEXP_REPLACE of the first match", "give 'g' as its fourth argument")
    if not isinstance(by, exp.Literal) or {"\\", "$"} & set(by.name):
        raise Refused(function, "REGEXP_REPLACE by other than a plain constant", "use REGEXP_EXTRACT")
    pattern = generator.sql(_pattern(function))
    return f"REGEXP_REPLACE({generator.sql(function.this)}, {pattern}, {generator.sql(by)})"


WRITTEN: dict[type[exp.Expr], Made] = {
    exp.DPipe: _joined,
    exp.Concat: _concat,
    exp.ConcatWs: _concat_ws,
    exp.Substring: _substring,
    exp.Left: _side("LEFT"),
    exp.Right: _side("RIGHT"),
    exp.SplitPart: _split_part,
    exp.StrPosition: _position,
    exp.Like: _like("LIKE"),
    exp.ILike: _like("ILIKE"),
    exp.RegexpLike: _matches,
    exp.RegexpExtract: _extracted,
    exp.RegexpReplace: _replaced,
}
