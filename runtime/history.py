"""What earlier reports of a station say: the figures of its tests, run by run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One report in small."""

    run: str
    at: str
    status: str
    rows: Mapping[str, int]
    """Rows of each table."""
    tests: Mapping[str, Mapping[str, Any]]
    """By a test's name: its severity, whether it passed, its figures."""


@dataclass(frozen=True)
class History:
    """The reports before this run's own, the oldest first."""

    entries: tuple[Entry, ...] = field(default=())

    def rows(self, table: str) -> list[int]:
        """Return how many rows a table had, the newest first."""
        return [entry.rows[table] for entry in reversed(self.entries) if table in entry.rows]

    def since(self, test: str) -> Entry | None:
        """Return the first of the unbroken row of reports, up to the newest, in which a test failed."""
        first = None
        for entry in reversed(self.entries):
            if test not in entry.tests or entry.tests[test]["passed"]:
                break
            first = entry
        return first
