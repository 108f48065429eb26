"""The inspection of a table: every test in one pass over its rows, then a few samples of what failed.

Severities act: a failed ``error`` halts the run, ``warning`` flags it, ``info`` records a proposal that a person can
paste into line.yaml. A test with thresholds by severity fails with the gravest of them that does not hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from config.checks import (
    AcceptedValues,
    Check,
    Freshness,
    Mean,
    Quantile,
    RowCountChange,
    Severity,
    Share,
)
from config.thresholds import QuarantineCheck, RowCheck
from runtime import engine, findings, proposals
from runtime.engine import Connection
from runtime.findings import Figure
from runtime.given import Given
from runtime.history import History
from runtime.kinds import fit, named
from runtime.measuring import Measurements
from runtime.quarantine import Quarantined


@dataclass(frozen=True)
class Result:
    """What one test found in one table."""

    table: str
    check: str
    column: str
    """The column, the columns of a key, or the name of a condition."""
    severity: Severity
    """The gravest severity with which it failed; of a test that passed, the gravest with which it can."""
    passed: bool
    failed_rows: int
    total_rows: int
    expected: str
    observed: str
    why: str = ""
    sample: list[dict[str, Any]] = field(default_factory=list)
    """At most five of the rows that failed; of a key that is not unique, its values and their number."""
    proposal: str = ""
    """For a failed ``info`` test: what to write in line.yaml so that it describes the data as they are."""
    test: str = ""
    """The test's name in reports: it stays when only thresholds change."""
    since: str = ""
    """The first run of the unbroken row in which it failed; the report tells it."""
    since_at: str = ""
    quarantined_rows: int = 0
    low: Any = None
    high: Any = None
    value: Any = None

    def __str__(self) -> str:
        subject = f"{self.table}.{self.column}" if self.column else self.table
        return f"{subject} {self.check}: expected {self.expected}, found {self.observed}"


def inspect(
    connection: Connection,
    relation: str,
    checks: Sequence[Check],
    *,
    table: str | None = None,
    subject: str | None = None,
    given: Given | None = None,
    personal: Sequence[str] = (),
    history: History | None = None,
    quarantined: Quarantined | None = None,
) -> list[Result]:
    """Run the tests on a table or view; the results come in the order of the tests.

    ``table`` is its name in results where that is not the relation's, ``subject`` where the tests stand, for messages;
    values of ``personal`` columns are in no result; ``quarantined`` is what was set aside of the relation before.
    Raises LineError for a test that cannot be run: it names a column that the table lacks or cannot test, or its
    condition is no SQL.
    """
    table = table or relation
    subject, given = subject or f"line.yaml: tests.{table}", given or Given()
    kinds = engine.columns(connection, relation)
    keys = [f"{subject}[{i}]" for i in range(len(checks))]
    tests = [(key, check.at(level)) for key, check in zip(keys, checks, strict=True) for level in check.severities]
    for key, test in tests:
        fit(test, kinds, key, table, given)
    measured = Measurements(connection, relation, kinds, given, (history or History()).rows(table))
    measured.read(tests)
    inspector = _Inspector(table, measured, personal, quarantined)
    names = test_names(table, checks)
    return [
        inspector.result(check, key=key, index=i, name=name)
        for i, (check, key, name) in enumerate(zip(checks, keys, names, strict=True))
    ]


def test_names(relation: str, checks: Sequence[Check]) -> list[str]:
    """Return the names of a table's tests: its kind and column, with a number where two have the same."""
    seen: Counter[str] = Counter()
    names = []
    for check in checks:
        name = " ".join(filter(None, [relation, check.check, findings.column(check)]))
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return names


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


def holds(test: Check, found: Figure, *, quarantining: bool) -> bool:
    """Whether a test of one severity passes."""
    match test:
        case RowCheck():
            allowed = test.allowed if quarantining or test.tolerance is not None else 0.0
            return found.failed <= allowed * found.of
        case Mean() | Quantile() | Share():
            # written so that NaN, which compares with nothing, does not pass
            low, high = test.minimum, test.maximum
            value = found.value
            return value is not None and (low is None or value >= low) and (high is None or value <= high)
        case RowCountChange():
            return bool(abs(found.value) <= test.maximum)
        case Freshness():
            return found.value is not None and (test.hours is None or found.value <= test.hours)
    return found.failed == 0


@dataclass(frozen=True)
class _Inspector:
    table: str
    measured: Measurements
    personal: Sequence[str]
    quarantined: Quarantined | None

    def result(self, check: Check, *, key: str, index: int, name: str) -> Result:
        """Return the result of one declared test out of those of its severities."""
        aside = isinstance(check, QuarantineCheck) and check.quarantine and self.quarantined is not None
        tests = [check.at(level) for level in check.severities]
        figures = [self._figure(test, key, index, aside) for test in tests]
        failed = [i for i, test in enumerate(tests) if not holds(test, figures[i], quarantining=aside)]
        at = failed[0] if failed else 0
        test, found = tests[at], figures[at]
        hidden = bool({column.lower() for _, column in named(check)} & {column.lower() for column in self.personal})
        shown = found if not hidden else Figure(found.failed, found.of, quarantined=found.quarantined)
        sample: list[dict[str, Any]] = []
        proposal = ""
        if failed:
            sample = [findings.masked(row, self.personal) for row in self._sample(test, key, found, name)]
            if test.severity == "info":
                unexpected = self._unexpected(test, key, hidden)
                proposal = proposals.proposal(check, shown, unexpected)
        return Result(
            table=self.table,
            check=check.check,
            column=findings.column(check),
            severity=test.severity or "error",
            passed=not failed,
            failed_rows=found.failed,
            total_rows=found.of,
            expected=findings.expected(test) if failed else _expected(tests),
            observed=findings.observed(test, shown) if not hidden else _hidden(test, shown),
            why=check.why,
            sample=sample,
            proposal=proposal,
            test=name,
            quarantined_rows=found.quarantined,
            low=findings.plain(shown.low),
            high=findings.plain(shown.high),
            value=findings.plain(shown.value),
        )

    def _figure(self, test: Check, key: str, index: int, aside: bool) -> Figure:
        found = self.measured.figure(test, key)
        if not aside or self.quarantined is None:
            return found
        count = self.quarantined.counts.get(index, 0)
        return Figure(found.failed + count, self.quarantined.rows, found.low, found.high, found.value, count)

    def _sample(self, test: Check, key: str, found: Figure, name: str) -> list[dict[str, Any]]:
        if found.quarantined and self.quarantined is not None:
            return self.quarantined.sample(self.measured.connection, name)
        return self.measured.sample(test, key, found.failed) if isinstance(test, RowCheck) else []

    def _unexpected(self, test: Check, key: str, hidden: bool) -> list[Any]:
        if not isinstance(test, AcceptedValues) or hidden:
            return []
        return [findings.plain(value) for value in self.measured.unexpected(test, key, proposals.MOST_VALUES + 1)]


def _expected(tests: Sequence[Check]) -> str:
    if len(tests) == 1:
        return findings.expected(tests[0])
    return "; ".join(f"{test.severity}: {findings.expected(test)}" for test in tests)


def _hidden(test: Check, shown: Figure) -> str:
    """What is observed in a personal column: counts, no value of it."""
    return findings.observed(test, shown) if isinstance(test, RowCheck) else findings.HIDDEN
