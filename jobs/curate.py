"""The curation station: sources become curated tables, published only when their inspection lets them.

A table whose SELECT, parameters and inputs are what they were when it was published stays as it is; of an incremental
one, so do the partitions of its source that did not change.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jobs.packages  # noqa: F401 (installs what the others import, so it stands first)
from jobs import aside
from jobs.engine import distributed
from jobs.main import Context, run_job
from jobs.raw import Raw, by_partition
from runtime import curation, engine, freshness, inspection, tables
from runtime.curation import Made
from runtime.engine import literal
from runtime.receipts import Receipt

if TYPE_CHECKING:
    from jobs.distributed import Distributed
    from jobs.publishing import Station


def work(context: Context) -> Receipt:
    """Curate what is not fresh, audit each table and publish them together."""
    from jobs.publishing import Station

    with engine.connect(folder=context.folder) as connection:
        engine.seal(connection, context.folder)
        raw = Raw(context, connection)
        station = Station(context=context, name="curation", connection=connection)
        curating = _Curating(context, connection, raw, station, {}, {}, distributed(context, raw))
        for table in curation.made(
            connection, line=context.paths.line, statements=context.bundle.curation, sources=set(raw.declared)
        ):
            if not curating.make(table):
                break
        for name, rows in raw.rejected().items():
            aside.keep(station, f"{name}_rejected", rows)
        status = station.publish()
        return Receipt(
            station="curation",
            status=status,
            message=station.message(),
            inspections=inspection.recorded(station.results),
            outputs={"tables": station.outputs(), "sources": raw.told(), **curating.told()},
        )


_LANDED = "landed"


@dataclass
class _Curating:
    """The curated tables on their way; ``known`` are the fingerprints of those that are there.

    ``landed`` is when the newest file came that a table reads now and did not read when it was published.
    """

    context: Context
    connection: engine.Connection
    raw: Raw
    station: Station
    known: dict[str, str]
    landed: dict[str, str]
    spark: Distributed | None

    def make(self, table: Made) -> bool:
        """Make a table unless it is fresh; returns False when its columns would break those who read it."""
        self.known[table.name] = self._fingerprint(table)
        if self.station.reuse(table.name, self.known[table.name]):
            return True
        self._look_at(table)
        if self.spark is not None:
            return self._distributed(table, self.spark)
        query = engine.query(self.connection, table.sql, parameters=self.context.parameters, file=table.file)
        for name in table.tables:
            self.station.attach(name)
        declared = self.context.bundle.definition.curation.get(table.name)
        if declared is None:
            for name in table.sources:
                self.raw.load(_source(name))
            return self.station.audit(table.name, query, self.known[table.name], said=self._said(table))
        return self._increment(table, query, declared.incremental)

    def told(self) -> dict[str, str]:
        """Return when the newest of the data came that were read for the first time, as ``landed``; else nothing."""
        newest = max(self.landed.values(), default="")
        return {_LANDED: newest} if newest else {}

    def _look_at(self, table: Made) -> None:
        """Note what a table's files say of when they came, if the published table had not read the newest of them."""
        current = tables.current(self.context.catalog, self.context.table(table.name))
        newest = self._said(table).get(_LANDED, "")
        read = current.said.get(_LANDED, newest) if current is not None else ""  # who published may not have said it
        if newest > read:
            self.landed[table.name] = newest

    def _said(self, table: Made) -> dict[str, str]:
        """Return what the next run compares with."""
        newest = self.raw.landed([_source(name) for name in table.sources])
        return {_LANDED: newest} if newest else {}

    def _distributed(self, table: Made, spark: Distributed) -> bool:
        for name in table.sources:
            spark.source(_source(name))
        for name in table.tables:
            spark.table(name, self.station.snapshots[name])
        return self.station.audit(table.name, spark.query(table.name), self.known[table.name], said=self._said(table))

    def _increment(self, table: Made, query: engine.Query, source: str) -> bool:
        """Compute the partitions that changed since the table was published; all of them where anything else did."""
        (column,) = by_partition(self.raw.declared[source])
        now = self.raw.partitions(source)
        base = self._fingerprint(table, but=f"raw.{source}")
        changed = self._changed(table, base, now)
        for name in table.sources:
            self.raw.load(_source(name), only=changed if _source(name) == source else None)
        replaced = None if changed is None else [self._value(source, value) for value in changed]
        said = {"base": base, "partitions": json.dumps(now, sort_keys=True), **self._said(table)}
        return self.station.audit(
            table.name, query, self.known[table.name], partition=column, replaced=replaced, said=said
        )

    def _changed(self, table: Made, base: str, now: dict[str, str]) -> list[str] | None:
        """Return the partitions to compute, or None for all: something else changed, or a partition is gone."""
        if self.station.name in self.context.arguments.force:
            return None
        current = tables.current(self.context.catalog, self.context.table(table.name))
        if current is None or current.said.get("base") != base:
            return None
        then: dict[str, str] = json.loads(current.said["partitions"])
        return None if set(then) - set(now) else sorted(value for value in now if then.get(value) != now[value])

    def _value(self, source: str, text: str) -> str:
        """Return a partition's value as the column of the table has it, e.g. 1 for the text 01 of an INTEGER."""
        (kind,) = by_partition(self.raw.declared[source]).values()
        found = engine.rows(self.connection, f"SELECT CAST(CAST({literal(text)} AS {kind}) AS VARCHAR)")
        return str(found[0][0])

    def _fingerprint(self, table: Made, but: str = "") -> str:
        sources = {name: self.raw.fingerprint(_source(name)) for name in table.sources if name != but}
        return freshness.fingerprint(
            statement=table.sql,
            parameters=self.context.used(table.parameters),
            inputs={**sources, **{name: self.known[name] for name in table.tables}},
            code=self.context.arguments.code,
        )


def _source(name: str) -> str:
    return name.removeprefix("raw.")


def main() -> int:
    return run_job("curation", "curation", work)


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
