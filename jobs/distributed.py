"""The second engine of a job: Spark computes a SELECT, DuckDB takes its files over to be written and inspected.

Whatever engine computes, a table is written, audited and published in the same way. On AWS the executors read and write
s3:// paths; where AWS is embedded, Spark runs on this machine and works on local copies.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import LineError
from config.sources import DatabaseSource, LineSource, S3Source, Source
from jobs.main import Context
from runtime import dialect, spark, spark_sources, tables
from runtime.engine import Query, literal
from runtime.paths import table_name
from runtime.sources import line_table, objects, spark_options
from runtime.sources.loaded import Object
from runtime.sources.loading import Origins, listed
from runtime.spark_sources import Raw

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_HEADER_BYTES = 1 << 16


class Distributed:
    """A Spark session with the sources and tables that SELECTs read, each made a view when it is first needed."""

    def __init__(self, context: Context, sources: Mapping[str, Source], origins: Origins) -> None:
        self._context, self._sources, self._origins = context, sources, origins
        self._columns = {name: source.all_columns for name, source in self._sources.items()}
        self._statements = {
            one.name: one for one in dialect.statements(context.bundle, context.parameters, self._columns)
        }
        self._viewed: set[str] = set()

    @cached_property
    def session(self) -> SparkSession:
        return spark.session()

    def query(self, name: str) -> Query:
        """Compute a curated table, or a feature view's SELECT, and return the query for its rows."""
        statement = self._statements[name]
        written = spark.compute(
            self.session,
            statement,
            tables=dialect.schema(self._columns, list(self._statements.values())),
            parameters=self._context.parameters,
            folder=self._place(name),
        )
        self._viewed.add(name)
        files = ", ".join(literal(str(file)) for file in self._local(written))
        return Query(f"SELECT * FROM read_parquet([{files}])", file=statement.file)  # noqa: S608 (literals)

    def source(self, name: str) -> None:
        """Make a source a view."""
        if f"raw.{name}" not in self._viewed:
            raw, source = self._raw(name), self._sources[name]
            nulls = source.null_values if isinstance(source, S3Source) else []
            spark_sources.register(self.session, name, raw=raw, columns=source.all_columns, null_values=nulls)
            self._viewed.add(f"raw.{name}")

    def table(self, name: str, snapshot: int) -> None:
        """Make a snapshot of one of the line's tables a view."""
        if name not in self._viewed:
            context = self._context
            uris = tables.uris(context.catalog, context.table(name), snapshot)
            self.session.read.parquet(*self._readable(uris)).createOrReplaceTempView(name)
            self._viewed.add(name)

    def _place(self, name: str) -> str:
        """Return where Spark writes a table's files; on AWS below the table, whose maintenance clears them away."""
        context = self._context
        if context.endpoint is not None:
            return str(context.folder / "spark")
        arguments = context.arguments
        base = f"s3://{arguments.lake_bucket}/warehouse/{arguments.database}/{table_name(arguments.line, name)}"
        return f"{base}/staging/{arguments.run}"

    def _local(self, uris: list[str]) -> list[Path]:
        """Return files as this machine has them: where they are, or copies."""
        paths = []
        for uri in uris:
            if not uri.startswith("s3://"):
                paths.append(Path(uri.removeprefix("file://")))
                continue
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            paths.append(self._context.folder / f"spark-{key.replace('/', '-')}")
            self._context.s3.download_file(bucket, key, str(paths[-1]))
        return paths

    def _raw(self, name: str) -> Raw:
        source = self._sources[name]
        if not isinstance(source, S3Source):
            return self._elsewhere(name, source)
        if source.partitions or source.bad_rows == "quarantine" or source.encoding != "utf-8":
            raise LineError(
                f"sources.{name}: partitions, bad_rows: quarantine and other encodings than utf-8 are read by DuckDB "
                "only: remove them, or let the line's engine be duckdb"
            )
        found = listed(name, source, origins=self._origins)
        if self._context.endpoint is None:
            paths = {one.key: self._newest(one) for one in found}
        else:
            fetched = objects.download(
                self._context.s3, found, name=f"spark-{name}", source=source, folder=self._context.folder
            )
            paths = {file.object.key: str(file.path) for file in fetched}
        groups: dict[tuple[str, ...], list[str]] = {}
        for one in found:
            header = self._header(one) if source.format == "csv" else ()
            groups.setdefault(header, []).append(paths[one.key])
        return Raw(format=source.format, files=groups)

    def _elsewhere(self, name: str, source: DatabaseSource | LineSource) -> Raw:
        subject = f"sources.{name}"
        if isinstance(source, DatabaseSource):
            endpoint = self._origins.endpoint(source.connection)
            found = spark_options.read(name, source, endpoint, self._context.parameters, subject=subject)
            return Raw(format=found.format, options=found.options)
        database, catalog = self._origins.database_of(name), self._context.catalog
        snapshot = line_table.snapshot_of(catalog, source, database=database, subject=subject)
        uris = tables.uris(catalog, f"{database}.{table_name(source.line, source.table)}", snapshot)
        return Raw(format="parquet", files={(): self._readable(uris)})

    def _readable(self, uris: list[str]) -> list[str]:
        """Return files as the executors reach them."""
        return uris if self._context.endpoint is None else [str(path) for path in self._local(uris)]

    def _newest(self, one: Object) -> str:
        """Return where executors, who read no versions, find an object: a pinned one in a copy of this run's."""
        if not one.version:
            return f"s3://{one.bucket}/{one.key}"
        context = self._context
        target = f"{context.paths.prefix}pinned/{one.key}"
        source = {"Bucket": one.bucket, "Key": one.key, "VersionId": one.version}
        context.s3.copy(source, context.paths.lake, target)
        return f"s3://{context.paths.lake}/{target}"

    def _header(self, one: Object) -> tuple[str, ...]:
        version = {"VersionId": one.version} if one.version else {}
        first_bytes = f"bytes=0-{_HEADER_BYTES - 1}"
        body = self._context.s3.get_object(Bucket=one.bucket, Key=one.key, Range=first_bytes, **version)["Body"]
        first = body.read().decode("utf-8-sig", errors="replace")
        return tuple(next(csv.reader(io.StringIO(first)), []))
