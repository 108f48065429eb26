"""All sources of a line made relations ``raw.<source>`` of one database, and what is known of them without loading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from config.errors import LineError
from config.parameters import Value
from config.sources import DatabaseSource, LineSource, S3Source, Source
from runtime.engine import Connection
from runtime.paths import connection_name
from runtime.pins import Pins
from runtime.sources import files, objects
from runtime.sources.csv_files import CsvReader
from runtime.sources.endpoints import Endpoint, SnowflakeEndpoint, resolve
from runtime.sources.json_files import JsonReader
from runtime.sources.loaded import File, Loaded, Object, fingerprint_of
from runtime.sources.parquet_files import ParquetReader
from runtime.sources.records import as_utf8


@dataclass(frozen=True)
class Origins:
    """Where sources lie, and with what they are reached; what a source does not need is never made."""

    line: str
    environment: str
    raw_bucket: str
    database: str
    """The Glue database, in which other lines publish."""
    client: Callable[[str], Any]
    """Gives the client of an AWS service."""
    catalog: Callable[[], Any]
    """Gives the catalog of Iceberg tables."""
    pins: Pins | None = None
    """What is read of another environment, where this one is a branch's."""

    def database_of(self, source: str) -> str:
        """Return the Glue database in which another line's table, which is a source, is published."""
        return self.pins.database if self.pins is not None and source in self.pins.tables else self.database

    def endpoint(self, connection: str) -> Endpoint | SnowflakeEndpoint:
        """Return where one of the environment's connections leads; raises LineError."""
        if connection not in self._endpoints:
            name = connection_name(self.environment, self.line, connection)
            glue, secrets = self.client("glue"), self.client("secretsmanager")
            self._endpoints[connection] = resolve(glue, secrets, connection=connection, name=name)
        return self._endpoints[connection]

    @cached_property
    def _endpoints(self) -> dict[str, Endpoint | SnowflakeEndpoint]:
        return {}


def load(
    connection: Connection,
    name: str,
    source: Source,
    *,
    origins: Origins,
    parameters: Mapping[str, Value],
    folder: Path,
    only: Sequence[Object] | None = None,
) -> Loaded:
    """Load one source, or ``only`` some of its objects; raises LineError that says what is wrong and how to mend it."""
    subject = f"sources.{name}"
    if isinstance(source, S3Source):
        found = listed(name, source, origins=origins) if only is None else only
        fetched = objects.download(origins.client("s3"), found, name=name, source=source, folder=folder)
        return load_files(connection, name, source, fetched)
    if isinstance(source, LineSource):
        from runtime.sources import line_table

        database = origins.database_of(name)
        return line_table.load(connection, name, source, origins.catalog(), database=database, subject=subject)
    from runtime.sources import database as databases

    endpoint = _readable(source, origins, subject)
    return databases.load(connection, name, source, endpoint, parameters, subject=subject)


def load_files(connection: Connection, name: str, source: S3Source, fetched: Sequence[File]) -> Loaded:
    """Make files that are here the relation ``raw.<name>``."""
    if source.format == "parquet":
        return files.load(connection, name, source, fetched, ParquetReader(connection, name, source))
    texts = [as_utf8(file, source.encoding) for file in fetched]
    reader = CsvReader(name, source) if source.format == "csv" else JsonReader(connection, name, source)
    return files.load(connection, name, source, texts, reader)


def listed(name: str, source: S3Source, *, origins: Origins) -> list[Object]:
    """Return the objects of a source of files, each with its content tag and its partition; nothing is read."""
    if origins.pins is not None and name in origins.pins.files:
        return objects.pinned(origins.pins, line=origins.line, name=name, source=source)
    return objects.listed(origins.client("s3"), bucket=origins.raw_bucket, line=origins.line, name=name, source=source)


def fingerprint(name: str, source: Source, *, origins: Origins, parameters: Mapping[str, Value]) -> str | None:
    """Return what changes when the source's content does, without loading it; None where that cannot be known."""
    subject = f"sources.{name}"
    if isinstance(source, S3Source):
        return fingerprint_of(listed(name, source, origins=origins))
    if isinstance(source, LineSource):
        from runtime.sources import line_table

        database = origins.database_of(name)
        return str(line_table.snapshot_of(origins.catalog(), source, database=database, subject=subject))
    from runtime.sources import database as databases

    return databases.fingerprint(source, _readable(source, origins, subject), parameters, subject=subject)


def _readable(source: DatabaseSource, origins: Origins, subject: str) -> Endpoint:
    from runtime.sources import database

    endpoint = origins.endpoint(source.connection)
    if isinstance(endpoint, SnowflakeEndpoint) or endpoint.engine not in database.ENGINES:
        raise LineError(
            f"{subject}: connection {source.connection!r} is {endpoint.engine}, which only Spark reads, "
            f"expected one of {', '.join(database.ENGINES)} here: let this environment's connection be one of them"
        )
    return endpoint
