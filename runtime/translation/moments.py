"""Moments, clocks, dates and intervals in Spark SQL, where they differ from DuckDB's."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.generators.spark import SparkGenerator as Generator

from runtime.translation.kinds import kind
from runtime.translation.portable import shown
from runtime.translation.types import Made, Refused, double, operand, unknown


def moment(generator: Generator, part: exp.Expr) -> str:
    match kind(part):
        case "moment":
            return generator.sql(part)
        case "clock" | "date":
            return f"CAST({generator.sql(part)} AS TIMESTAMP)"
    raise unknown(part)


def _at_time_zone(generator: Generator, at: exp.AtTimeZone) -> str:
    """A clock that shows a time twice means the later moment in DuckDB, the earlier in Spark."""
    zone = generator.sql(at.args["zone"])
    match kind(at.this):
        case "moment":
            return f"CAST(FROM_UTC_TIMESTAMP({generator.sql(at.this)}, {zone}) AS TIMESTAMP_NTZ)"
        case "clock":
            clock = f"CAST({generator.sql(at.this)} AS TIMESTAMP)"
            first = f"TO_UTC_TIMESTAMP({clock}, {zone})"
            second = f"TO_UTC_TIMESTAMP({clock} + INTERVAL '1' DAY, {zone}) - INTERVAL '1' DAY"
            return f"IF(FROM_UTC_TIMESTAMP({second}, {zone}) = {clock}, GREATEST({first}, {second}), {first})"
        case "date":
            raise Refused(at, f"{shown(at)} of a date", "CAST the date to TIMESTAMP")
    raise unknown(at.this)


_UNITS = ("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


def _unit(function: exp.Expr, units: tuple[str, ...] = _UNITS) -> str:
    unit = function.args.get("unit")
    name = unit.name.upper() if isinstance(unit, exp.Expr) else ""
    if name not in units:
        raise Refused(function, f"{shown(function)} by {name or 'no unit'}", f"use one of {', '.join(units)}")
    return name


def _trunc(generator: Generator, function: exp.TimestampTrunc | exp.DateTrunc) -> str:
    """Spark's gives a moment whatever it gets."""
    made = f"DATE_TRUNC('{_unit(function)}', {moment(generator, function.this)})"
    return made if kind(function.this) == "moment" else f"CAST({made} AS TIMESTAMP_NTZ)"


_FIELDS = {
    **{name: f"{name}({{}})" for name in ("YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")},
    "WEEK": "WEEKOFYEAR({})",
    "DAYOFYEAR": "DAYOFYEAR({})",
    "DOY": "DAYOFYEAR({})",
    "DAYOFWEEK": "(DAYOFWEEK({}) - 1)",
    "DOW": "(DAYOFWEEK({}) - 1)",
    "DAYOFWEEKISO": "(WEEKDAY({}) + 1)",
    "ISODOW": "(WEEKDAY({}) + 1)",
}
"""DuckDB counts the days of a week from Sunday, 0, and its seconds have no fraction."""


def _extract(generator: Generator, extract: exp.Extract) -> str:
    field, of = extract.name.upper(), extract.expression
    if field == "EPOCH":
        return _epoch_of(generator, of)
    if field not in _FIELDS:
        raise Refused(extract, f"EXTRACT({field})", f"use one of {', '.join((*_FIELDS, 'EPOCH'))}")
    return _field(generator, field, of)


def _field(generator: Generator, field: str, of: exp.Expr) -> str:
    if field == "DAY" and kind(of) == "interval":
        return f"({_apart(generator, of)} DIV 86400000000)"
    if kind(of) not in ("moment", "clock", "date"):
        raise Refused(of, f"{field} of {shown(of)}, which is not known to be a moment or a date", "CAST it")
    return _FIELDS[field].format(generator.sql(of))


def _part(field: str) -> Made:
    return lambda generator, function: _field(generator, field, function.this)


def _epoch(generator: Generator, function: exp.TimeToUnix) -> str:
    return _epoch_of(generator, function.this)


def _epoch_of(generator: Generator, of: exp.Expr) -> str:
    """DuckDB's is a double with the fraction of the second."""
    if kind(of) == "interval":
        return f"(CAST({_apart(generator, of)} AS DOUBLE) / 1000000D)"
    return f"(CAST(UNIX_MICROS({moment(generator, of)}) AS DOUBLE) / 1000000D)"


def _apart(generator: Generator, interval: exp.Expr) -> str:
    """Return the microseconds of an interval between two moments."""
    difference = interval.unnest()
    if not isinstance(difference, exp.Sub) or "interval" in (kind(difference.this), kind(difference.expression)):
        mend = "subtract one moment from another"
        raise Refused(interval, f"{shown(interval)}, which is not the time between two moments,", mend)
    later, earlier = (f"UNIX_MICROS({moment(generator, part)})" for part in (difference.this, difference.expression))
    return f"({later} - {earlier})"


def _from_epoch(generator: Generator, function: exp.UnixToTime) -> str:
    if function.args.get("scale"):
        raise Refused(function, "EPOCH_MS", "use EPOCH, in seconds, or TO_TIMESTAMP")
    match kind(function.this):
        case "integer":
            return f"TIMESTAMP_SECONDS({generator.sql(function.this)})"
        case "double" | "decimal":
            return f"TIMESTAMP_MICROS(CAST(RINT({double(generator, function.this)} * 1000000D) AS BIGINT))"
    raise unknown(function.this)


def _date_diff(generator: Generator, function: exp.DateDiff) -> str:
    """DuckDB counts the borders between two moments, Spark whole units."""
    unit = _unit(function, ("SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR"))
    later, earlier = moment(generator, function.this), moment(generator, function.expression)
    if unit == "DAY":
        return f"DATEDIFF({later}, {earlier})"
    if unit == "YEAR":
        return f"(YEAR({later}) - YEAR({earlier}))"
    if unit == "MONTH":
        return f"((YEAR({later}) - YEAR({earlier})) * 12 + MONTH({later}) - MONTH({earlier}))"
    seconds = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600}[unit]
    borders = (f"UNIX_SECONDS(DATE_TRUNC('{unit}', {moment}))" for moment in (later, earlier))
    return f"(({' - '.join(borders)}) DIV {seconds})"


_DIRECTIVES = {"%Y": "yyyy", "%m": "MM", "%d": "dd", "%H": "HH", "%M": "mm", "%S": "ss"}


def _format(function: exp.Expr) -> str:
    """Return a format of a moment as Spark writes it; the parser has already turned the directives into Python's."""
    given = function.args.get("format")
    text = given.name if isinstance(given, exp.Literal) else ""
    rest = text
    for directive in _DIRECTIVES:
        rest = rest.replace(directive, "")
    if not text or any(character.isalpha() or character in "%'\\[]#" for character in rest):
        raise Refused(function, shown(function), f"a format is a constant of {', '.join(_DIRECTIVES)} and signs")
    for directive, letters in _DIRECTIVES.items():
        text = text.replace(directive, letters)
    return f"'{text}'"


def _strftime(generator: Generator, function: exp.TimeToStr) -> str:
    return f"DATE_FORMAT({moment(generator, function.this)}, {_format(function)})"


def _strptime(generator: Generator, function: exp.StrToTime) -> str:
    return f"TO_TIMESTAMP_NTZ({generator.sql(function.this)}, {_format(function)})"


def _interval(generator: Generator, interval: exp.Interval) -> str:
    unit = _unit(interval, ("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"))
    amount = interval.this
    if isinstance(amount, exp.Literal):
        number = amount.name.strip()
        if not number.removeprefix("-").isdecimal():
            raise Refused(interval, shown(interval), "give a whole number")
        made = f"INTERVAL '{int(number) * 7}' DAY" if unit == "WEEK" else f"INTERVAL '{number}' {unit}"
        is_bound = isinstance(interval.parent, exp.WindowSpec) and unit not in ("MONTH", "YEAR")
        return f"CAST({made} AS INTERVAL DAY TO SECOND)" if is_bound else made
    if kind(amount) != "integer":
        raise Refused(interval, f"{shown(interval)} of other than an integer", "give a whole number of a smaller unit")
    return f"(({generator.sql(amount)}) * INTERVAL '{7 if unit == 'WEEK' else 1}' {'DAY' if unit == 'WEEK' else unit})"


def _sum(operator: str, function: str) -> Made:
    """A date and an interval make a clock in DuckDB; a date and a number another date; two dates a number."""

    def make(generator: Generator, binary: exp.Add | exp.Sub) -> str:
        kinds = kind(binary.this), kind(binary.expression)
        parts = [operand(generator, part) for part in (binary.this, binary.expression)]
        if kinds == ("date", "date"):
            return f"DATEDIFF({parts[0]}, {parts[1]})"
        if set(kinds) == {"date", "integer"}:
            day, number = parts if kinds[0] == "date" else reversed(parts)
            return f"{function}({day}, CAST({number} AS INT))"
        if set(kinds) == {"date", "interval"}:
            parts = [f"CAST({p} AS TIMESTAMP_NTZ)" if k == "date" else p for p, k in zip(parts, kinds, strict=True)]
        elif {"date", "moment", "clock"} & set(kinds) and "" in kinds:
            raise unknown(binary.this if not kinds[0] else binary.expression)
        left = generator.sql(binary.this) if parts[0] == f"({generator.sql(binary.this)})" else parts[0]
        return f"{left} {operator} {parts[1]}"

    return make


def _times(generator: Generator, binary: exp.Mul) -> str:
    kinds = {kind(binary.this), kind(binary.expression)}
    if "interval" in kinds and not kinds <= {"interval", "integer"}:
        raise Refused(binary, f"{shown(binary)} by other than an integer", "multiply a whole number of a smaller unit")
    return f"{generator.sql(binary.this)} * {generator.sql(binary.expression)}"


WRITTEN: dict[type[exp.Expr], Made] = {
    exp.AtTimeZone: _at_time_zone,
    exp.TimestampTrunc: _trunc,
    exp.DateTrunc: _trunc,
    exp.Extract: _extract,
    exp.Year: _part("YEAR"),
    exp.Quarter: _part("QUARTER"),
    exp.Month: _part("MONTH"),
    exp.Week: _part("WEEK"),
    exp.Day: _part("DAY"),
    exp.DayOfYear: _part("DAYOFYEAR"),
    exp.DayOfWeek: _part("DAYOFWEEK"),
    exp.DayOfWeekIso: _part("DAYOFWEEKISO"),
    exp.Hour: _part("HOUR"),
    exp.Minute: _part("MINUTE"),
    exp.Second: _part("SECOND"),
    exp.TimeToUnix: _epoch,
    exp.UnixToTime: _from_epoch,
    exp.DateDiff: _date_diff,
    exp.TimeToStr: _strftime,
    exp.StrToTime: _strptime,
    exp.Interval: _interval,
    exp.Add: _sum("+", "DATE_ADD"),
    exp.Sub: _sum("-", "DATE_SUB"),
    exp.Mul: _times,
}
