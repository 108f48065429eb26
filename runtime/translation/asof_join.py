"""ASOF JOIN for Spark, which has none: the newest row of the other side by a window over both sides' rows together.

    SELECT ... FROM a ASOF JOIN b ON a.key = b.key AND a.at >= b.at

becomes a SELECT from one derived table with the columns ``a`` and ``b``, each a struct of that table's row, so that
``a.x`` and ``b.y`` mean what they did. It sorts once by key and moment, however many rows have one key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from runtime.translation.types import Refused

_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GTE: exp.LTE,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.LT: exp.GT,
}


@dataclass(frozen=True)
class _Condition:
    """``ON``: pairs of keys that are equal, and the moments, the left side's first."""

    keys: list[tuple[exp.Expr, exp.Expr]]
    moments: tuple[exp.Expr, exp.Expr]
    operator: type[exp.Expr]


def without_asof(tree: exp.Expr) -> exp.Expr:
    """Return the tree, whose columns all name their table, with every ASOF JOIN replaced."""
    for number, select in enumerate(list(tree.find_all(exp.Select))):
        gathered: list[str] = []
        while (index := _first(select)) is not None:
            gathered = _replace(select, index, gathered, f"asof_{number}_{len(gathered)}")
    return tree


def _first(select: exp.Select) -> int | None:
    joins = select.args.get("joins") or []
    return next((i for i, join in enumerate(joins) if join.args.get("method") == "ASOF"), None)


def _replace(select: exp.Select, index: int, gathered: Sequence[str], name: str) -> list[str]:
    """Put the derived table in the place of FROM and the joins up to the ASOF JOIN; return what it gathers."""
    joins = select.args["joins"]
    join, right = joins[index], joins[index].alias_or_name
    first = select.args["from_"].this
    plain = [first] if not gathered else []
    plain += [other.this for other in joins[:index]]
    lefts = [*gathered, *(source.alias_or_name for source in plain)]
    condition = _condition(join, right)
    left_rows = exp.select(
        *(exp.alias_(exp.column(table), table) for table in gathered),
        *(_row(source.alias_or_name) for source in plain),
        exp.alias_(exp.null(), right),
        *_ordered(condition, 0),
        exp.alias_(exp.Literal.number(_place(condition, is_left=True)), "asof_side"),
    ).from_(first.copy())
    left_rows.set("joins", [other.copy() for other in joins[:index]])
    right_rows = exp.select(
        *(exp.alias_(exp.null(), table) for table in lefts),
        _row(right),
        *_ordered(condition, 1),
        exp.alias_(exp.Literal.number(_place(condition, is_left=False)), "asof_side"),
    ).from_(join.this.copy())
    for _, key in condition.keys:
        right_rows = right_rows.where(key.copy().is_(exp.null()).not_())
    right_rows = right_rows.where(condition.moments[1].copy().is_(exp.null()).not_())
    both = exp.union(left_rows, right_rows, distinct=False).subquery("asof_rows")
    select.set("from_", exp.From(this=_matched(condition, lefts, right, both, is_outer=join.side == "LEFT", name=name)))
    select.set("joins", joins[index + 1 :])
    return [*lefts, right]


def _matched(
    condition: _Condition, lefts: Sequence[str], right: str, both: exp.Subquery, *, is_outer: bool, name: str
) -> exp.Expr:
    keys = ", ".join(f"asof_key_{i}" for i in range(len(condition.keys)))
    partition = f"PARTITION BY {keys}" if keys else ""
    direction = "ASC" if condition.operator in (exp.GTE, exp.GT) else "DESC"
    columns = ", ".join(f"`{table}`" for table in lefts)
    found = sqlglot.parse_one(
        f"SELECT {columns}, LAST_VALUE(`{right}`) IGNORE NULLS OVER ({partition} "  # noqa: S608 (names of tables, quoted)
        f"ORDER BY asof_moment {direction} NULLS FIRST, asof_side ASC NULLS FIRST "
        f"ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS `{right}`, asof_side FROM asof_rows",
        dialect="spark",
    )
    found.find(exp.Table).replace(both)  # type: ignore[union-attr]
    outer = exp.select(*(exp.column(table, quoted=True) for table in (*lefts, right))).from_(
        exp.paren(found, copy=False).this.subquery("asof_matched")
    )
    outer = outer.where(exp.column("asof_side").eq(_place(condition, is_left=True)))
    if not is_outer:
        outer = outer.where(exp.column(right, quoted=True).is_(exp.null()).not_())
    return outer.subquery(name)


def _place(condition: _Condition, *, is_left: bool) -> int:
    """Of one moment, the right side's row comes first when the join includes it."""
    is_inclusive = condition.operator in (exp.GTE, exp.LTE)
    return int(is_left == is_inclusive)


def _row(table: str) -> exp.Expr:
    star = exp.Column(this=exp.Star(), table=exp.to_identifier(table))
    return exp.alias_(exp.Anonymous(this="STRUCT", expressions=[star]), table, quoted=True)


def _ordered(condition: _Condition, side: int) -> Iterator[exp.Expr]:
    for i, pair in enumerate(condition.keys):
        yield exp.alias_(pair[side].copy(), f"asof_key_{i}")
    yield exp.alias_(condition.moments[side].copy(), "asof_moment")


def _condition(join: exp.Join, right: str) -> _Condition:
    on: Any = join.args.get("on")
    if join.side not in ("", "LEFT"):
        raise Refused(
            join, f"ASOF {join.side} JOIN", "put the table whose rows stay on the left, and use ASOF LEFT JOIN"
        )
    keys, moments = [], []
    for part in on.flatten() if isinstance(on, exp.And) else [on]:
        bare = part.unnest()
        sides = (
            [_side(operand, right) for operand in (bare.this, bare.expression)] if isinstance(bare, exp.Binary) else []
        )
        if sorted(sides) != ["left", "right"] or type(bare) not in (exp.EQ, *_FLIPPED):
            raise Refused(part, f"{part.sql('duckdb')} in ASOF JOIN", "compare a column of each side with =, >= or <=")
        pair = (bare.this, bare.expression) if sides[0] == "left" else (bare.expression, bare.this)
        if isinstance(bare, exp.EQ):
            keys.append(pair)
        else:
            moments.append((pair, type(bare) if sides[0] == "left" else _FLIPPED[type(bare)]))
    if len(moments) != 1:
        raise Refused(join, f"ASOF JOIN with {len(moments)} inequalities", "give it one, between the moments")
    return _Condition(keys=keys, moments=moments[0][0], operator=moments[0][1])


def _side(operand: exp.Expr, right: str) -> str:
    tables = {column.table for column in operand.find_all(exp.Column)}
    if not tables or (right in tables and len(tables) > 1):
        return "neither"
    return "right" if right in tables else "left"
