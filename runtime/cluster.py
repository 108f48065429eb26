"""Spark beside a station's DuckDB: it computes a SELECT over the same relations, and gives the rows back as files.

DuckDB reads the sources, inspects and publishes, each a stream over files; Spark does what may need more than one
machine: the joins, windows and aggregates of the line's SELECTs. Relations go to it and results come back as Parquet,
in a folder that a Spark on this machine shares, or through a store that the executors of a cluster reach.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from runtime import dialect, engine, spark
from runtime.dialect import Columns, view_name
from runtime.engine import Connection, Query, literal, quoted
from runtime.sources.loaded import SCHEMA

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_FORMAT = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, FILE_SIZE_BYTES '128MB'"
_WIDE = {"HUGEINT", "UHUGEINT", "UBIGINT"}
"""Integers that Parquet has not; every table stores them as BIGINT."""


class Store(Protocol):
    """Where files lie that executors on other machines read and write."""

    def put(self, folder: Path, name: str) -> str:
        """Copy a folder's files there under a name; return where Spark finds them."""

    def place(self, name: str) -> str:
        """Return where Spark puts what ``get`` fetches."""

    def get(self, name: str, folder: Path) -> None:
        """Copy what Spark put there into a folder."""


@dataclass
class Cluster:
    """The session, and the relations that it has been given."""

    connection: Connection
    folder: Path
    store: Store | None = None
    memory: str = "2g"
    """What a session on this machine may use."""
    _known: dict[str, tuple[str, Columns]] = field(default_factory=dict)
    _count: int = 0

    @cached_property
    def session(self) -> SparkSession:
        """Spark, started when it is first needed."""
        return spark.session(memory=self.memory)

    def close(self) -> None:
        """End the session, if it was ever needed."""
        if "session" in vars(self):
            self.session.stop()

    def computed(self, query: Query, reads: Mapping[str, str]) -> Query:
        """Return a query for the rows that Spark computed for another.

        ``reads`` are the relations that it reads (``raw.orders``, ``orders``) and which version of its rows each has:
        one that Spark was given before is not given again. Raises LineError for what is not portable or fails.
        """
        for relation, version in reads.items():
            self._share(relation, version)
        tables = {_view(relation): self._known[relation][1] for relation in reads}
        columns = _columns(self.connection, f"({query.text}\n)", query.parameters)
        text = dialect.to_spark(
            query.text, file=query.file, tables=tables, columns=columns, parameters=query.parameters
        )
        name = self._name("computed")
        target = self.folder / name
        with spark.failing(query.file):
            made = self.session.sql(text, args=dict(query.parameters))
            made.write.mode("overwrite").parquet(self.store.place(name) if self.store else str(target))
        if self.store:
            target.mkdir(parents=True)
            self.store.get(name, target)
        files = ", ".join(literal(str(file)) for file in sorted(target.glob("*.parquet")))
        return Query(
            text=f"SELECT * FROM read_parquet([{files}], hive_partitioning = false)",  # noqa: S608 (paths of our own)
            file=query.file,
        )

    def _share(self, relation: str, version: str) -> None:
        if self._known.get(relation, ("", {}))[0] == version and relation in self._known:
            return
        columns = _columns(self.connection, _quoted(relation), {})
        name = self._name("shared")
        target = self.folder / name
        target.mkdir(parents=True)
        chosen = ", ".join(
            f"CAST({quoted(column)} AS BIGINT) AS {quoted(column)}" if kind in _WIDE else quoted(column)
            for column, kind in columns.items()
        )
        rows = f"SELECT {chosen} FROM {_quoted(relation)}"  # noqa: S608 (quoted names)
        self.connection.execute(f"COPY ({rows}) TO {literal(str(target))} ({_FORMAT})")
        schema = ", ".join(
            f"{dialect.quoted(column)} {dialect.stored_type(kind, f'{relation}: column {column!r}')}"
            for column, kind in columns.items()
        )
        place = str(target)
        if self.store:
            place = self.store.put(target, name)
            shutil.rmtree(target)
        self.session.read.schema(schema).parquet(place).createOrReplaceTempView(_view(relation))
        self._known[relation] = (version, columns)

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"spark/{self._count:03}-{kind}"


def _view(relation: str) -> str:
    schema, _, name = relation.rpartition(".")
    return view_name(name) if schema == SCHEMA else name


def _quoted(relation: str) -> str:
    schema, _, name = relation.rpartition(".")
    return f"{schema}.{quoted(name)}" if schema == SCHEMA else quoted(relation)


def _columns(connection: Connection, source: str, parameters: Mapping[str, Any]) -> dict[str, str]:
    described = f"DESCRIBE SELECT * FROM {source}"  # noqa: S608 (quoted names or the line's own SELECT)
    return {row[0]: row[1] for row in engine.rows(connection, described, parameters)}
