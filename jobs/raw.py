"""The sources of a line as a job reads them: each loaded when a table needs it, known by its fingerprint before."""

from __future__ import annotations

from collections.abc import Mapping

from config.sources import S3Source, Source
from jobs.main import Context
from runtime import engine, raw_objects
from runtime.engine import Connection, quoted
from runtime.sources.loaded import SCHEMA, Loaded
from runtime.sources.loading import Origins, fingerprint, load


class Raw:
    """The relations ``raw.<source>`` of a connection."""

    def __init__(self, context: Context, connection: Connection) -> None:
        self.declared: Mapping[str, Source] = context.bundle.definition.sources
        self._context, self._connection = context, connection
        self._loaded: dict[str, Loaded] = {}
        self._fingerprints: dict[str, str] = {}
        self._origins = Origins(
            line=context.arguments.line,
            environment=context.arguments.environment,
            raw_bucket=context.arguments.raw_bucket,
            database=context.arguments.database,
            client=context.client,
            catalog=lambda: context.catalog,
        )

    def fingerprint(self, name: str) -> str:
        """Return what changes when the source's content does; where nothing else tells, its rows are read."""
        if name not in self._fingerprints:
            self._fingerprints[name] = self._fingerprint(name)
        return self._fingerprints[name]

    def load(self, name: str) -> None:
        """Make a source the relation ``raw.<name>``, unless it is one already."""
        if name not in self._loaded:
            self._loaded[name] = load(
                self._connection,
                name,
                self.declared[name],
                origins=self._origins,
                parameters=self._context.parameters,
                folder=self._context.folder,
            )

    def told(self) -> dict[str, dict[str, object]]:
        """Return what the receipt says of each source; of one that no table needed, only its fingerprint."""
        return {
            name: {**(self._loaded[name].told() if name in self._loaded else {}), "fingerprint": self.fingerprint(name)}
            for name in self.declared
        }

    def _fingerprint(self, name: str) -> str:
        source, arguments = self.declared[name], self._context.arguments
        if isinstance(source, S3Source):
            objects = raw_objects.listed(
                self._context.s3, bucket=arguments.raw_bucket, line=arguments.line, source=name
            )
            return raw_objects.fingerprint(objects)
        known = fingerprint(name, source, origins=self._origins, parameters=self._context.parameters)
        return known if known is not None else self._content(name)

    def _content(self, name: str) -> str:
        """Return a digest of a source's rows, whatever their order."""
        self.load(name)
        table = f"{SCHEMA}.{quoted(name)}"
        total = f"SELECT count(*), sum(CAST(hash(rows) AS HUGEINT)) FROM {table} AS rows"  # noqa: S608 (a quoted name)
        count, digest = engine.rows(self._connection, total)[0]
        return f"{count}:{digest}"
