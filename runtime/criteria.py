"""The checks in SQL: what is counted in the one pass over a table, and which rows are then shown."""

from __future__ import annotations

from config.checks import AcceptedValues, Check, NotNull, Range, RowCount, Sql, Unique
from runtime.engine import literal, quoted

SAMPLES = 5


def figures(check: Check, kinds: dict[str, str]) -> tuple[str, str, str]:
    """Return three aggregates: rows that fail, lowest and highest value (null where they mean nothing).

    ``kinds`` are the table's columns and their SQL types.
    """
    if isinstance(check, Range):
        return failures(check, kinds), f"min({quoted(check.column)})", f"max({quoted(check.column)})"
    return failures(check, kinds), "NULL", "NULL"


def failures(check: Check, kinds: dict[str, str]) -> str:
    """Return the aggregate that counts the rows that fail a check."""
    match check:
        case Unique():
            key, whole = _key(check), _whole(check)
            return f"count(*) FILTER ({whole}) - count(DISTINCT {key}) FILTER ({whole})"
        case RowCount():
            too_many = f"count(*) - {check.maximum}" if check.maximum is not None else "0"
            return f"greatest(0, {check.minimum} - count(*), {too_many})"
        case _:
            return f"count(*) FILTER ({failing(check, kinds)})"


def failing(check: Check, kinds: dict[str, str]) -> str:
    """Return the condition that holds for the rows that fail a check of single rows."""
    match check:
        case NotNull():
            return f"{quoted(check.column)} IS NULL"
        case AcceptedValues():
            return f"{quoted(check.column)} NOT IN ({', '.join(literal(value) for value in check.values)})"
        case Range():
            column = quoted(check.column)
            parts = [f"{column} < {check.minimum}"] if check.minimum is not None else []
            parts += [f"{column} > {check.maximum}"] if check.maximum is not None else []
            parts += [f"isnan({column})"] if kinds[check.column] in {"FLOAT", "DOUBLE"} else []
            return " OR ".join(parts)
        case Sql():
            return f"(\n{check.condition}\n) IS NOT TRUE"
    return "false"


def samples(relation: str, check: Check, kinds: dict[str, str]) -> str | None:
    """Return the query for a few rows that fail, or for the values that stand twice; None where there are none."""
    match check:
        case RowCount():
            return None
        case Unique():
            names = ", ".join(quoted(column) for column in check.columns)
            return (
                f"SELECT {names}, count(*) AS rows FROM {quoted(relation)} {_whole(check)} "  # noqa: S608 (quoted names)
                f"GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT {SAMPLES}"
            )
        case _:
            return f"SELECT * FROM {quoted(relation)} WHERE {failing(check, kinds)} LIMIT {SAMPLES}"  # noqa: S608


def unexpected_values(relation: str, check: AcceptedValues, limit: int) -> str:
    """Return the query for the values that are not accepted."""
    return (
        f"SELECT DISTINCT {quoted(check.column)} AS value FROM {quoted(relation)} "  # noqa: S608 (quoted names)
        f"WHERE {failing(check, {})} ORDER BY ALL LIMIT {limit}"
    )


def _key(check: Unique) -> str:
    names = [quoted(column) for column in check.columns]
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _whole(check: Unique) -> str:
    """A key with a null in it repeats nothing."""
    return "WHERE " + " AND ".join(f"{quoted(column)} IS NOT NULL" for column in check.columns)
