"""All sources of a line made relations ``raw.<source>`` of one database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from config.errors import LineError
from config.parameters import Value
from config.sources import S3Source, Source
from runtime.engine import Connection
from runtime.paths import connection_name
from runtime.sources import csv_files, objects
from runtime.sources.endpoints import Endpoint, resolve
from runtime.sources.loaded import Loaded


@dataclass(frozen=True)
class Origins:
    """Where sources lie, and with what they are reached; a client is made when a source first needs it."""

    line: str
    environment: str
    raw_bucket: str
    s3: Any
    client: Callable[[str], Any]
    """Gives the client of an AWS service."""

    def endpoint(self, connection: str) -> Endpoint:
        """Return where one of the environment's connections leads; raises LineError."""
        if connection not in self._endpoints:
            name = connection_name(self.environment, self.line, connection)
            glue, secrets = self.client("glue"), self.client("secretsmanager")
            self._endpoints[connection] = resolve(glue, secrets, connection=connection, name=name)
        return self._endpoints[connection]

    @cached_property
    def _endpoints(self) -> dict[str, Endpoint]:
        return {}


def load_all(
    connection: Connection,
    sources: Mapping[str, Source],
    *,
    origins: Origins,
    parameters: Mapping[str, Value],
    folder: Path,
) -> dict[str, Loaded]:
    """Load every source; what ``folder`` holds then must stay while the relations are read. Raises LineError."""
    return {
        name: load(connection, name, source, origins=origins, parameters=parameters, folder=folder)
        for name, source in sources.items()
    }


def load(
    connection: Connection,
    name: str,
    source: Source,
    *,
    origins: Origins,
    parameters: Mapping[str, Value],
    folder: Path,
) -> Loaded:
    """Load one source; raises LineError that says what is wrong with it and how to mend it."""
    if isinstance(source, S3Source):
        files = objects.download(origins.s3, bucket=origins.raw_bucket, line=origins.line, source=name, folder=folder)
        return csv_files.load(connection, name, source, files)
    from runtime.sources import database

    subject = f"sources.{name}"
    endpoint = origins.endpoint(source.connection)
    if endpoint.engine not in database.ENGINES:
        raise LineError(
            f"{subject}: connection {source.connection!r} is {endpoint.engine}, which only Spark reads, "
            f"expected one of {', '.join(database.ENGINES)}: set the line's curation engine to spark"
        )
    return database.load(connection, name, source, endpoint, parameters, subject=subject)
