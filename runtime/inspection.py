"""The inspection of a table: every check in one pass over its rows, then a few samples of what failed.

Severities act: a failed ``error`` halts the run, ``warning`` flags it, ``info`` records a proposal that a person can
paste into line.yaml. Null is a fault only for ``not_null``; a condition that is null is not true, so it fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import duckdb

from config.checks import AcceptedValues, Check, RowCount, Severity, Sql, Unique
from config.errors import LineError
from runtime import criteria, engine, findings
from runtime.engine import Connection, closest, quoted


@dataclass(frozen=True)
class Result:
    """What one check found in one table."""

    table: str
    check: str
    column: str
    """The column, the columns of a key, or the name of a condition."""
    severity: Severity
    passed: bool
    failed_rows: int
    total_rows: int
    expected: str
    observed: str
    why: str = ""
    sample: list[dict[str, Any]] = field(default_factory=list)
    """At most five of the rows that failed; of a key that is not unique, its values and their number."""
    proposal: str = ""
    """For a failed ``info`` check: what to write in line.yaml so that it describes the data as they are."""

    def __str__(self) -> str:
        subject = f"{self.table}.{self.column}" if self.column else self.table
        return f"{subject} {self.check}: expected {self.expected}, found {self.observed}"


def inspect(
    connection: Connection, relation: str, checks: Sequence[Check], *, subject: str | None = None
) -> list[Result]:
    """Run the checks on a table or view; the results come in the order of the checks.

    ``subject`` is where the checks stand, for messages. Raises LineError for a check that cannot be run: it names a
    column that the table lacks, or its condition is no SQL.
    """
    subject = subject or f"line.yaml: tests.{relation}"
    kinds = engine.columns(connection, relation)
    for i, check in enumerate(checks):
        _check_columns(check, kinds, f"{subject}[{i}]", relation)
    total, figures = _pass(connection, relation, checks, kinds, subject)
    return [
        _result(connection, relation, check, kinds=kinds, total=total, figure=figure)
        for check, figure in zip(checks, figures, strict=True)
    ]


def outcome(results: Sequence[Result]) -> Literal["succeeded", "flagged", "halted"]:
    """Return what the results mean for the station."""
    failed = {result.severity for result in results if not result.passed}
    return "halted" if "error" in failed else "flagged" if "warning" in failed else "succeeded"


def message(station: str, results: Sequence[Result]) -> str:
    """Return one line on why a station halted or was flagged; nothing when neither.

    It tells the first test that failed with the gravest severity and counts the others.
    """
    for severity in ("error", "warning"):
        failed = [result for result in results if not result.passed and result.severity == severity]
        if failed:
            more = f" (and {len(failed) - 1} more of severity {severity})" if len(failed) > 1 else ""
            return f"{station}: {failed[0]}{more}"
    return ""


def recorded(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return the results as receipts keep them."""
    return [asdict(result) for result in results]


def _pass(
    connection: Connection, relation: str, checks: Sequence[Check], kinds: dict[str, str], subject: str
) -> tuple[int, list[tuple[int, Any, Any]]]:
    """Read the table once; return its row count and each check's failed rows, lowest and highest value."""
    wanted = [figure for check in checks for figure in criteria.figures(check, kinds)]
    try:
        total, *found = engine.rows(connection, _query(relation, wanted))[0]
    except duckdb.Error:
        for i, check in enumerate(checks):  # which of them is it?
            try:
                engine.rows(connection, _query(relation, criteria.figures(check, kinds)))
            except duckdb.Error as error:
                key = f"{subject}[{i}]{'.condition' if isinstance(check, Sql) else ''}"
                first = str(error).splitlines()[0].rstrip(".!")
                raise LineError(f"{key}: {first}: correct it") from None
        raise
    return total, [(int(found[i]), found[i + 1], found[i + 2]) for i in range(0, len(found), 3)]


def _query(relation: str, figures: Sequence[str]) -> str:
    return f"SELECT {', '.join(('count(*)', *figures))} FROM {quoted(relation)}"  # noqa: S608 (quoted or the line's own)


def _result(
    connection: Connection,
    relation: str,
    check: Check,
    *,
    kinds: dict[str, str],
    total: int,
    figure: tuple[int, Any, Any],
) -> Result:
    failed, low, high = figure
    passed = failed == 0 if isinstance(check, RowCount) else failed <= check.tolerance * total
    sample: list[dict[str, Any]] = []
    proposal = ""
    if not passed:
        query = criteria.samples(relation, check, kinds)
        sample = _plain_rows(connection, query) if query else []
        if check.severity == "info":
            unexpected = _unexpected(connection, relation, check)
            proposal = findings.proposal(check, failed=failed, total=total, low=low, high=high, unexpected=unexpected)
    return Result(
        table=relation,
        check=check.check,
        column=findings.column(check),
        severity=check.severity,
        passed=passed,
        failed_rows=failed,
        total_rows=total,
        expected=findings.expected(check),
        observed=findings.observed(check, failed, total, low, high),
        why=check.why,
        sample=sample,
        proposal=proposal,
    )


def _unexpected(connection: Connection, relation: str, check: Check) -> list[Any]:
    if not isinstance(check, AcceptedValues):
        return []
    query = criteria.unexpected_values(relation, check, findings.MOST_VALUES + 1)
    return [row["value"] for row in _plain_rows(connection, query)]


def _plain_rows(connection: Connection, query: str) -> list[dict[str, Any]]:
    found = engine.fetched(connection, query).to_pylist()
    return [{name: findings.plain(value) for name, value in row.items()} for row in found]


def _check_columns(check: Check, kinds: dict[str, str], key: str, relation: str) -> None:
    if isinstance(check, Sql | RowCount):
        return
    named = check.columns if isinstance(check, Unique) else [check.column]
    for column in named:
        if column not in kinds:
            place = "columns" if isinstance(check, Unique) else "column"
            raise LineError(
                f"{key}.{place}: {column!r} is not a column of {relation}, expected one of {', '.join(kinds)}"
                f"{closest(column, list(kinds))}: correct the name"
            )
