"""Rows that a test keeps aside: neither published nor lost, counted, each with its reasons.

The tests of single rows look at every row; then, among the rows that are left, the first of those with the same key
stays. "First" is by the values of all columns, so that a rerun of the same content keeps the same row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.checks import Check, Key, References, Unique
from config.errors import LineError
from config.thresholds import QuarantineCheck
from runtime import criteria, engine, uniqueness
from runtime.criteria import Words
from runtime.engine import Connection, literal, quoted
from runtime.given import Given
from runtime.kinds import family, fit

REASON = "quarantine_reason"
"""The column of a quarantined row with the names of the tests that it failed, separated by ``; ``."""


@dataclass(frozen=True)
class Quarantined:
    """What was kept aside of a relation."""

    rows: int
    """Rows that went in: those of ``good`` and ``bad`` together."""
    good: str
    """The relation to publish; the one that was given when nothing was kept aside."""
    bad: str = ""
    """The table of the rows kept aside, with their reasons; empty when there are none."""
    bad_rows: int = 0
    counts: Mapping[int, int] = field(default_factory=dict)
    """By the index of a test: how many rows it kept aside."""

    def sample(self, connection: Connection, name: str) -> list[dict[str, Any]]:
        """Return a few of the rows that the test of this name kept aside."""
        kinds = engine.columns(connection, self.bad)
        shown = ", ".join(
            f"CAST({quoted(column)} AS VARCHAR) AS {quoted(column)}" if family(kind) == "moment" else quoted(column)
            for column, kind in kinds.items()
            if column != REASON
        )
        found: list[dict[str, Any]] = engine.fetched(
            connection,
            f"SELECT {shown} FROM {quoted(self.bad)} "  # noqa: S608 (quoted names)
            f"WHERE list_contains(string_split({REASON}, '; '), {literal(name)}) LIMIT 5",
        ).to_pylist()
        return found


def split(
    connection: Connection,
    relation: str,
    checks: Sequence[Check],
    *,
    names: Sequence[str],
    subject: str | None = None,
    given: Given | None = None,
) -> Quarantined:
    """Part a relation into rows to publish and rows to keep aside, by those of the tests that quarantine.

    ``names`` are the tests' names, which become the reasons. Raises LineError for a test that cannot be run, and when
    a row was lost or doubled, which nothing should ever do.
    """
    given, subject = given or Given(), subject or f"line.yaml: tests.{relation}"
    kinds = engine.columns(connection, relation)
    rows = _count(connection, relation)
    keeping = [(i, check) for i, check in enumerate(checks) if isinstance(check, QuarantineCheck) and check.quarantine]
    if not keeping:
        return Quarantined(rows=rows, good=relation)
    for i, check in keeping:
        for level in check.severities:
            fit(check.at(level), kinds, f"{subject}[{i}]", relation, given)
    if REASON in kinds:
        raise LineError(f"{subject}: {relation} has a column {REASON!r} of its own: rename it in the SELECT")
    parting = _Parting(connection, relation, kinds, given, subject, list(names))
    parting.by_rows(keeping)
    for i, check in keeping:
        if isinstance(check, Unique | Key):
            parting.by_key(i, check.columns)
    good, bad = _count(connection, parting.good), _count(connection, parting.bad)
    if good + bad != rows:
        raise LineError(
            f"{subject}: {rows} rows of {relation} became {good} rows to publish and {bad} kept aside, expected the "
            "same number: nothing was published; a SELECT or condition that gives another result each time does this"
        )
    if not bad:
        return Quarantined(rows=rows, good=relation)
    return Quarantined(rows=rows, good=parting.good, bad=parting.bad, bad_rows=bad, counts=parting.counts)


@dataclass
class _Parting:
    connection: Connection
    relation: str
    kinds: Mapping[str, str]
    given: Given
    subject: str
    names: list[str]
    counts: dict[int, int] = field(default_factory=dict)
    good: str = ""

    def __post_init__(self) -> None:
        self.bad = f"{self.relation}_quarantine"

    def by_rows(self, keeping: Sequence[tuple[int, Any]]) -> None:
        """Keep aside what the tests of single rows say; the rest is copied, so that no row can be judged twice."""
        conditions: dict[int, str] = {}
        for i, check in keeping:
            condition = self._condition(i, check)
            if condition:
                conditions[i] = f"coalesce(({condition}), false)"
        reasons = ", ".join(
            f"CASE WHEN {condition} THEN {literal(self.names[i])} END" for i, condition in conditions.items()
        )
        judged = f"nullif(concat_ws('; ', {reasons}), '')" if reasons else "NULL::VARCHAR"
        counted = ", ".join(["count(*)", *(f"count_if({condition})" for condition in conditions.values())])
        _, *counts = self._run(f"SELECT {counted} FROM {quoted(self.relation)}").fetchall()[0]  # noqa: S608
        self.counts = {i: int(count or 0) for i, count in zip(conditions, counts, strict=True)}
        source = f"SELECT *, {judged} AS {REASON} FROM {quoted(self.relation)}"  # noqa: S608
        table = f"CREATE OR REPLACE TABLE {quoted(self.bad)} AS"
        self._run(f"{table} SELECT * FROM ({source}) WHERE {REASON} IS NOT NULL")  # noqa: S608
        self.good = f"{self.relation}_good"
        if any(self.counts.values()):
            self._run(
                f"CREATE OR REPLACE TABLE {quoted(self.good)} AS "  # noqa: S608 (quoted names)
                f"SELECT * EXCLUDE ({REASON}) FROM ({source}) WHERE {REASON} IS NULL"
            )
        else:
            self.good = self.relation

    def by_key(self, index: int, columns: Sequence[str]) -> None:
        """Keep aside all but the first of the rows with the same key."""
        repeated, _ = uniqueness.repetitions(
            self.connection, self.good, columns, kinds=self.kinds, total=_count(self.connection, self.good), samples=1
        )
        self.counts[index] = self.counts.get(index, 0) + repeated
        if not repeated:
            return
        keys, every = ", ".join(map(quoted, columns)), ", ".join(map(quoted, self.kinds))
        source = (
            f"SELECT *, {criteria.whole(columns)} AND "  # noqa: S608 (quoted names)
            f"row_number() OVER (PARTITION BY {keys} ORDER BY {every}) > 1 AS again FROM {quoted(self.good)}"
        )
        self._run(f"CREATE OR REPLACE TABLE {quoted(f'{self.relation}_judged')} AS {source}")
        judged = quoted(f"{self.relation}_judged")
        again = f"SELECT * EXCLUDE (again), {literal(self.names[index])} FROM {judged} WHERE again"  # noqa: S608
        first = f"SELECT * EXCLUDE (again) FROM {judged} WHERE NOT again"  # noqa: S608 (quoted names)
        self.good = f"{self.relation}_good"
        self._run(f"INSERT INTO {quoted(self.bad)} {again}")
        self._run(f"CREATE OR REPLACE TABLE {quoted(self.good)} AS {first}")
        self._run(f"DROP TABLE {judged}")

    def _condition(self, index: int, check: Any) -> str:
        """What is wrong with a row that is kept aside: it fails the test at any of its severities."""
        if isinstance(check, References):
            return criteria.dangling(check, self.relation)
        words = Words(self.kinds, self.given, f"{self.subject}[{index}]")
        each = dict.fromkeys(criteria.failing(check.at(level), words) for level in check.severities)
        return " OR ".join(f"({condition})" for condition in each if condition)

    def _run(self, query: str) -> Connection:
        return self.connection.execute(query, self.given.bound_in(self.connection, query, self.subject))


def _count(connection: Connection, relation: str) -> int:
    return int(engine.rows(connection, f"SELECT count(*) FROM {quoted(relation)}")[0][0])  # noqa: S608
