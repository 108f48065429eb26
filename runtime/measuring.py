"""The figures of a table's tests: one aggregate over its rows, then what needs a sort or a join of a few columns."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from config.checks import (
    Check,
    Complete,
    Freshness,
    Key,
    Quantile,
    References,
    RowCount,
    RowCountChange,
    Share,
    Sql,
    Unique,
)
from config.errors import LineError
from runtime import criteria, engine, grids, uniqueness
from runtime.criteria import Words
from runtime.engine import Connection, quoted
from runtime.findings import Figure
from runtime.given import Given
from runtime.kinds import family

SAMPLES = 5
PER_VALUE = 64
"""Bytes of the engine's memory that each value of a quantile may need; with less, they are sorted, which spills."""
_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


@dataclass
class Measurements:
    """The figures of one relation. Each SQL text is computed once, however many tests ask for it."""

    connection: Connection
    relation: str
    kinds: Mapping[str, str]
    given: Given
    counts: Sequence[int] = ()
    """How many rows earlier reports say that the table had, the newest first."""
    found: dict[str, Any] = field(default_factory=dict)
    total: int = 0
    repeated: dict[tuple[str, ...], tuple[int, list[dict[str, Any]]]] = field(default_factory=dict)

    def read(self, tests: Sequence[tuple[str, Check]]) -> None:
        """Read the relation once for all tests, each given with its key; raises LineError naming the one at fault."""
        large = any(isinstance(test, Quantile) for _, test in tests) and self._count() > self._memory() / PER_VALUE
        texts: dict[str, None] = {}
        for key, test in tests:
            if not (large and isinstance(test, Quantile)):
                texts.update(dict.fromkeys(self._texts(test, key)))
        texts.pop(criteria.NOTHING, None)
        try:
            values = self._row(list(texts))
        except duckdb.Error:
            for key, test in tests:  # which of them is it?
                place = f"{key}.condition" if isinstance(test, Sql | Share) else key
                wanted = [text for text in self._texts(test, key) if text != criteria.NOTHING]
                self.told(place, lambda wanted=wanted: self._row(wanted))
            raise
        self.total, self.found = values[0], dict(zip(texts, values[1:], strict=True))
        if large:
            self.found |= {
                self._texts(test, key)[3]: self._sorted(test) for key, test in tests if isinstance(test, Quantile)
            }

    def figure(self, test: Check, key: str) -> Figure:  # noqa: PLR0911 (a table of cases)
        """Return what the relation says to a test."""
        match test:
            case RowCount():
                few = max(0, (test.minimum or 0) - self.total)  # type: ignore[operator]
                many = max(0, self.total - test.maximum) if test.maximum is not None else 0  # type: ignore[operator]
                return Figure(failed=max(few, many), of=self.total)
            case RowCountChange():
                median = statistics.median(self.counts[: test.runs] or [0])
                return Figure(0, self.total, low=median, value=(self.total - median) / median if median else 0.0)
            case Unique() | Key():
                nulls = self._aggregates(test, key)[0] or 0
                return Figure(failed=nulls + self.repetitions(test.columns)[0], of=self.total)
            case References():
                return Figure(failed=self.told(key, lambda: self._dangling(test)), of=self.total)
            case Complete():
                missing, of = self.told(key, lambda: grids.missing(self.connection, self.relation, test))
                return Figure(failed=missing, of=of)
            case Share():
                true = self._aggregates(test, key)[0]
                return Figure(0, self.total, value=true / self.total if self.total else None)
            case Freshness():
                _, _, newest, age = self._aggregates(test, key)
                return Figure(0, self.total, high=newest, value=age)
        failed, low, high, value = self._aggregates(test, key)
        return Figure(failed or 0, self.total, low=low, high=high, value=value)

    def repetitions(self, columns: Sequence[str]) -> tuple[int, list[dict[str, Any]]]:
        """Return how many rows repeat the values of these columns, and a few of the values."""
        names = tuple(columns)
        if names not in self.repeated:
            self.repeated[names] = uniqueness.repetitions(
                self.connection, self.relation, names, kinds=self.kinds, total=self.total, samples=SAMPLES
            )
        return self.repeated[names]

    def sample(self, test: Check, key: str, failed: int) -> list[dict[str, Any]]:
        """Return a few of the rows that fail; of a key that is not unique, its values and their number."""
        match test:
            case Complete():
                return self._rows(grids.gaps(self.relation, test, SAMPLES))
            case References():
                condition = criteria.dangling(test, self.relation)
            case Unique() | Key() if repeated := self.repetitions(test.columns)[1]:
                return repeated
            case _:
                condition = criteria.failing(test, Words(self.kinds, self.given, key))
        return self._few(condition, min(failed, SAMPLES)) if condition else []

    def _few(self, condition: str, wanted: int) -> list[dict[str, Any]]:
        """Return a few rows for which a condition is true.

        A condition on several columns makes the engine read every column of every row. So the values of the columns
        that it names are looked for first, then the rows that have them; a null among them is found the slow way.
        """
        source = quoted(self.relation)
        names = [name for name in self.kinds if re.search(rf"\b{re.escape(name)}\b", condition, re.IGNORECASE)]
        if len(names) > 1 and len(names) < len(self.kinds):
            columns = ", ".join(map(quoted, names))
            same = " AND ".join(f"{source}.{quoted(name)} = few.{quoted(name)}" for name in names)
            found = self._rows(
                f"WITH few AS MATERIALIZED (SELECT {columns} FROM {source} WHERE {condition} LIMIT {SAMPLES}) "  # noqa: S608
                f"SELECT {self.shown} FROM (SELECT * FROM {source} SEMI JOIN few ON {same}) AS {source} "
                f"WHERE {condition} LIMIT {SAMPLES}"
            )
            if len(found) >= wanted:
                return found
        return self._rows(f"SELECT {self.shown} FROM {source} WHERE {condition} LIMIT {SAMPLES}")  # noqa: S608

    def unexpected(self, test: Check, key: str, limit: int) -> list[Any]:
        """Return the values of a column that a test does not accept."""
        condition = criteria.failing(test, Words(self.kinds, self.given, key))
        column = quoted(test.column)  # type: ignore[union-attr]
        query = (
            f"SELECT DISTINCT {column} AS value FROM {quoted(self.relation)} WHERE {condition} ORDER BY 1 LIMIT {limit}"  # noqa: S608
        )
        return [row["value"] for row in self._rows(query)]

    @property
    def shown(self) -> str:
        """The columns as samples show them: moments as text, since a sample may hold one that Python cannot."""
        return ", ".join(
            f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" if family(kind) == "moment" else quoted(name)
            for name, kind in self.kinds.items()
        )

    def told(self, place: str, work: Any) -> Any:
        """Do the work; what the engine finds wrong becomes a LineError that names the place, and no value of a row."""
        try:
            return work()
        except duckdb.Error as error:
            first = str(error).splitlines()[0].rstrip(".!")
            if isinstance(error, duckdb.DataError):
                first = f"{first.partition(':')[0]}: a value of {self.relation} does not fit the condition"
            raise LineError(f"{place}: {first}: correct it") from None

    def _texts(self, test: Check, key: str) -> tuple[str, str, str, str]:
        words = Words(self.kinds, self.given, key)
        failed, low, high, value = criteria.figures(test, words)
        if isinstance(test, Freshness):
            age = f"(epoch({words.value(test.as_of, 'as_of', self.kinds[test.column])}) - epoch({value})) / 3600"
            return failed, low, f"CAST({value} AS VARCHAR)", age
        moment = hasattr(test, "column") and family(self.kinds.get(test.column, "")) == "moment"
        low, high = (f"CAST({one} AS VARCHAR)" if moment and one != criteria.NOTHING else one for one in (low, high))
        return failed, low, high, value

    def _aggregates(self, test: Check, key: str) -> list[Any]:
        return [self.found.get(text) for text in self._texts(test, key)]

    def _memory(self) -> float:
        """Return the engine's limit in bytes."""
        size, unit = engine.rows(self.connection, "SELECT current_setting('memory_limit')")[0][0].split()
        return float(size) * _UNITS[unit]

    def _count(self) -> int:
        return int(engine.rows(self.connection, f"SELECT count(*) FROM {quoted(self.relation)}")[0][0])  # noqa: S608

    def _row(self, texts: Sequence[str]) -> list[Any]:
        query = f"SELECT {', '.join(('count(*)', *texts))} FROM {quoted(self.relation)}"  # noqa: S608 (quoted or the line's own)
        return [column[0].as_py() for column in self._fetched(query).columns]

    def _rows(self, query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._fetched(query).to_pylist()
        return found

    def _fetched(self, query: str) -> Any:
        return engine.fetched(self.connection, query, self.given.bound_in(self.connection, query, self.relation))

    def _sorted(self, test: Quantile) -> Any:
        """Return the quantile out of an order of the column that may be larger than memory."""
        column, source = quoted(test.column), f"FROM {quoted(self.relation)}"
        size = engine.rows(self.connection, f"SELECT count({column}) {source}")[0][0]
        if not size:
            return None
        place = max(0, -(-int(size * test.quantile * 2**40) // 2**40) - 1)
        query = f"SELECT {column} AS value {source} WHERE {column} IS NOT NULL ORDER BY 1 LIMIT 1 OFFSET {place}"
        return self._rows(query)[0]["value"]

    def _dangling(self, test: References) -> int:
        query = f"SELECT count(*) FROM {quoted(self.relation)} WHERE {criteria.dangling(test, self.relation)}"  # noqa: S608
        return int(engine.rows(self.connection, query)[0][0])
