"""The test of completeness: which hours or days of a group's own span are missing."""

from __future__ import annotations

from config.checks import Complete
from runtime import engine
from runtime.engine import Connection, quoted


def missing(connection: Connection, relation: str, check: Complete) -> tuple[int, int]:
    """Return how many hours or days are missing, and how many there should be; both in UTC.

    A group's span goes from its first moment to its last. Nulls and infinite moments are in none.
    """
    unit, by = check.every, "".join(f"{quoted(name)}, " for name in check.by)
    found = engine.fetched(
        connection,
        f"SELECT coalesce(sum(present), 0)::BIGINT AS present, coalesce(sum(span), 0)::BIGINT AS span FROM ("  # noqa: S608
        f"SELECT count(*) AS present, date_diff('{unit}', min(slot), max(slot)) + 1 AS span "
        f"FROM ({_slots(relation, check)}) GROUP BY {by or 'TRUE'}".rstrip(", ")
        + ")",
    ).to_pylist()[0]
    return found["span"] - found["present"], found["span"]


def gaps(relation: str, check: Complete, limit: int) -> str:
    """Return the query for the first of the gaps: the group, the first hour or day that is missing, how many are."""
    by = "".join(f"{quoted(name)}, " for name in check.by)
    partition = f"PARTITION BY {by.rstrip(', ')} " if by else ""
    return (
        f"SELECT {by}CAST(slot + INTERVAL 1 {check.every} AS VARCHAR) AS missing_from, "  # noqa: S608 (quoted names)
        f"date_diff('{check.every}', slot, following) - 1 AS missing FROM ("
        f"SELECT *, lead(slot) OVER ({partition}ORDER BY slot) AS following FROM ({_slots(relation, check)})) "
        f"WHERE date_diff('{check.every}', slot, following) > 1 ORDER BY {by}slot LIMIT {limit}"
    )


def _slots(relation: str, check: Complete) -> str:
    column, by = quoted(check.column), "".join(f"{quoted(name)}, " for name in check.by)
    return (
        f"SELECT DISTINCT {by}date_trunc('{check.every}', CAST({column} AS TIMESTAMP)) AS slot "  # noqa: S608
        f"FROM {quoted(relation)} WHERE isfinite({column})"
    )
