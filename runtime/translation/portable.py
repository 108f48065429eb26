"""Portable SQL: the constructs of a SELECT that mean the same on both engines, each tried on both by the tests.

Whatever is not listed is refused by name for a line whose engine is Spark, never translated in hope.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from config.errors import LineError

# Each construct stands in the snippets of tests/runtime/portable.py.
ALLOWED: frozenset[type[exp.Expr]] = frozenset(
    {
        # the shape of a query
        exp.Select, exp.From, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset,
        exp.Distinct, exp.With, exp.CTE, exp.Subquery, exp.Union, exp.Intersect, exp.Except, exp.Join, exp.Table,
        exp.TableAlias, exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Paren, exp.Values, exp.Tuple, exp.Var,
        exp.Literal, exp.Boolean, exp.Null, exp.Placeholder, exp.Interval, exp.Window, exp.WindowSpec, exp.Filter,
        exp.IgnoreNulls,
        # conditions
        exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.Between, exp.In,
        exp.Exists, exp.Like, exp.ILike, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Case, exp.If, exp.Coalesce, exp.Nullif,
        exp.Greatest, exp.Least,
        # numbers
        exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Abs, exp.Ceil, exp.Floor, exp.Round,
        exp.Sign, exp.Sqrt, exp.Ln, exp.Exp, exp.Pow, exp.Sin, exp.Cos, exp.Atan2, exp.Radians, exp.Pi, exp.IsNan,
        exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam,
        # text
        exp.DPipe, exp.Concat, exp.ConcatWs, exp.Length, exp.Lower, exp.Upper, exp.Substring, exp.Left, exp.Right,
        exp.Trim, exp.Pad, exp.Replace, exp.Repeat, exp.StrPosition, exp.SplitPart, exp.StartsWith,
        exp.EndsWith, exp.Contains, exp.RegexpLike, exp.RegexpExtract, exp.RegexpReplace, exp.MD5, exp.SHA2, exp.Ascii,
        # time
        exp.AtTimeZone, exp.TimestampTrunc, exp.Extract, exp.TimeToUnix, exp.UnixToTime, exp.DateDiff, exp.TimeToStr,
        exp.StrToTime, exp.DateFromParts, exp.LastDay, exp.DateTrunc, exp.Year, exp.Quarter, exp.Month, exp.Week,
        exp.Day, exp.DayOfYear, exp.DayOfWeek, exp.DayOfWeekIso, exp.Hour, exp.Minute, exp.Second,
        # aggregates and windows
        exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.LogicalAnd, exp.LogicalOr, exp.Median,
        exp.PercentileCont, exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop,
        exp.ArgMax, exp.ArgMin, exp.GroupConcat, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.PercentRank,
        exp.CumeDist, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue,
    }
)  # fmt: skip

_MENDS: dict[type[exp.Expr], tuple[str, str]] = {
    exp.Qualify: ("QUALIFY", "number the rows in a subselect and filter them with WHERE"),
    exp.Rand: ("RANDOM", "it differs from run to run: derive the value from a column, for example with MD5"),
    exp.Uuid: ("UUID", "it differs from run to run: derive the value from a column, for example with MD5"),
    exp.CurrentDate: ("CURRENT_DATE", "it differs from run to run: use a parameter of the line"),
    exp.CurrentTimestamp: ("CURRENT_TIMESTAMP", "it differs from run to run: use a parameter of the line"),
    exp.AnyValue: ("ANY_VALUE", "which value it gives is not defined: use MIN or MAX"),
    exp.First: ("FIRST", "which row comes first is not defined: use ARG_MIN with what orders the rows"),
    exp.Last: ("LAST", "which row comes last is not defined: use ARG_MAX with what orders the rows"),
    exp.Mode: ("MODE", "which of several it gives is not defined: count in a subselect"),
    exp.Pivot: ("PIVOT", "write one aggregate with FILTER or CASE for each column"),
    exp.Lateral: ("LATERAL", "join a subselect instead"),
    exp.TableSample: ("TABLESAMPLE", "it differs from run to run: filter by a column, for example with MD5"),
    exp.Dot: ("the field of a struct", "give each field a column of its own"),
}
_FUNCTIONS = {
    "NOW": "it differs from run to run: use a parameter of the line",
    "DATE_PART": "write EXTRACT(field FROM moment)",
}
FALLBACK = "use a construct of the list in docs/engines.md, or let the line's engine be duckdb"


def refusal(file: str, construct: str, mend: str) -> LineError:
    """Return the error for what the line's second engine cannot do."""
    return LineError(f"{file}: {construct} is not portable to the engine spark: {mend}")


def check(tree: exp.Expr, file: str) -> None:
    """Raise LineError naming the first construct that is not portable."""
    for found in tree.walk():
        for construct, mend in _problems(found):
            raise refusal(at(file, found), construct, mend)


def at(file: str, found: exp.Expr) -> str:
    """Return the file and, where the parser kept it, the line in it."""
    lines = [node.meta["line"] for node in found.walk() if "line" in node.meta]
    return f"{file}:{min(lines)}" if lines else file


def shown(found: exp.Expr) -> str:
    """Return an expression as the file has it, about, and short."""
    text = found.sql("duckdb", comments=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _problems(found: exp.Expr) -> Iterator[tuple[str, str]]:
    if isinstance(found, exp.Anonymous):
        name = str(found.name).upper()
        yield f"the function {name}", _FUNCTIONS.get(name, FALLBACK)
    elif isinstance(found, exp.IgnoreNulls) and isinstance(found.this, exp.AnyValue):
        yield _MENDS[exp.AnyValue]
    elif isinstance(found, exp.Distinct) and found.args.get("on"):
        yield "DISTINCT ON", "number the rows in a subselect with ROW_NUMBER and keep the first"
    elif isinstance(found, exp.Join) and found.args.get("method") not in (None, "", "ASOF"):
        yield f"{found.args['method']} JOIN", "name the columns in ON"
    elif isinstance(found, exp.Join) and found.args.get("method") == "ASOF" and not found.args.get("on"):
        yield "ASOF JOIN with USING", "write ON keys AND moments, as in a.key = b.key AND a.at >= b.at"
    elif isinstance(found, exp.With) and found.args.get("recursive"):
        yield "WITH RECURSIVE", "join the table with itself as often as it takes"
    elif isinstance(found, exp.SetOperation) and found.args.get("by_name"):
        yield "UNION BY NAME", "give both sides the same columns in the same order"
    elif isinstance(found, exp.Group) and any(
        found.args.get(key) for key in ("cube", "rollup", "grouping_sets", "all")
    ):
        yield "GROUP BY other than by expressions", "name what is grouped by; join several groupings with UNION ALL"
    elif isinstance(found, exp.WindowSpec) and (found.args.get("exclude") or found.args.get("kind") == "GROUPS"):
        yield "a window frame with EXCLUDE or GROUPS", "use ROWS or RANGE"
    elif isinstance(found, exp.In) and found.args.get("query") and not _is_filter(found):
        yield "IN with a subselect as a value (null or not)", "use it in WHERE, joined by AND only, or use EXISTS"
    elif isinstance(found, exp.Placeholder) and not found.name:
        yield "a parameter without a name", "write $name"
    elif type(found) not in ALLOWED:
        yield _MENDS.get(type(found), (shown(found), FALLBACK))


def _is_filter(found: exp.Expr) -> bool:
    """Whether a condition only lets rows through, so that null and false are one."""
    above = found.parent
    while isinstance(above, exp.And | exp.Paren) or (isinstance(above, exp.Not) and above.this is found):
        above = above.parent
    return isinstance(above, exp.Where)
