"""The sources of a line as a job reads them: each loaded when a table needs it, known by its fingerprint before."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from config.sources import DatabaseSource, LineSource, S3Source, Source
from jobs.main import Context
from runtime import engine, pins, publication
from runtime.engine import Connection, quoted
from runtime.sources.loaded import REJECTED, SCHEMA, Loaded, Object, fingerprints_by_partition
from runtime.sources.loading import Origins, fingerprint, listed, load


class Raw:
    """The relations ``raw.<source>`` of a connection."""

    def __init__(self, context: Context, connection: Connection) -> None:
        self._context, self._connection = context, connection
        self.origins = Origins(
            line=context.arguments.line,
            environment=context.arguments.environment,
            raw_bucket=context.arguments.raw_bucket,
            database=context.arguments.database,
            client=context.client,
            catalog=lambda: context.catalog,
            pins=pins.read(context.s3, context.paths.lake, context.arguments.pins),
        )
        sources = context.bundle.definition.sources
        self.declared = {name: self._pinned(name, source) for name, source in sources.items()}
        self._loaded: dict[str, Loaded] = {}
        self._only: dict[str, frozenset[str]] = {}
        self._fingerprints: dict[str, str] = {}
        self._listed: dict[str, list[Object]] = {}

    def fingerprint(self, name: str) -> str:
        """Return what changes when the source's content does; where nothing else tells, its rows are read."""
        if name not in self._fingerprints and self._is_sparks_alone(name):
            self._fingerprints[name] = self._context.paths.run  # nobody here can ask it: each run reads it again
        if name not in self._fingerprints:
            source, parameters = self.declared[name], self._context.parameters
            known = fingerprint(name, source, origins=self.origins, parameters=parameters)
            self._fingerprints[name] = known if known is not None else self._content(name)
        return self._fingerprints[name]

    def partitions(self, name: str) -> dict[str, str]:
        """Return the fingerprint of each partition of a source of files, by its value as it stands in the keys."""
        return {
            partition.partition("=")[2]: tag
            for partition, tag in fingerprints_by_partition(self._objects(name)).items()
        }

    def landed(self, names: Collection[str]) -> str:
        """Return when the newest file of some sources came (ISO 8601, UTC); nothing where no listing tells."""
        return max((one.landed for name in names for one in self._objects(name)), default="")

    def load(self, name: str, only: Collection[str] | None = None) -> None:
        """Make a source, or ``only`` some values of its partition, the relation ``raw.<name>``."""
        wanted = frozenset(only) if only is not None else frozenset()
        if name in self._loaded and self._only[name] == wanted:
            return
        objects = None
        if only is not None:
            objects = [one for one in self._objects(name) if set(one.partition.values()) & wanted]
        self._loaded[name] = load(
            self._connection,
            name,
            self.declared[name],
            origins=self.origins,
            parameters=self._context.parameters,
            folder=self._context.folder,
            only=objects,
        )
        self._only[name] = wanted

    def told(self) -> dict[str, dict[str, object]]:
        """Return what the receipt says of each source; of one that no table needed, only its fingerprint."""
        return {
            name: {**(self._loaded[name].told() if name in self._loaded else {}), "fingerprint": self.fingerprint(name)}
            for name in self.declared
        }

    def rejected(self) -> dict[str, str]:
        """Return, for each source of which rows could not be read and are kept aside, the relation of these rows."""
        return {name: f"{REJECTED}.{quoted(name)}" for name, loaded in self._loaded.items() if loaded.rejected}

    def _is_sparks_alone(self, name: str) -> bool:
        """Whether the line's engine is Spark and a source is a database that only Spark reads."""
        source = self.declared[name]
        if self._context.engine != "spark" or not isinstance(source, DatabaseSource):
            return False
        from runtime.sources import database

        return self.origins.endpoint(source.connection).engine not in database.ENGINES

    def _objects(self, name: str) -> list[Object]:
        source = self.declared[name]
        if name not in self._listed:
            self._listed[name] = listed(name, source, origins=self.origins) if isinstance(source, S3Source) else []
        return self._listed[name]

    def _pinned(self, name: str, source: Source) -> Source:
        """Name the snapshot of another line's table that its station published together with the others."""
        if not isinstance(source, LineSource):
            return source
        if self.origins.pins is not None and name in self.origins.pins.tables:
            return source.model_copy(update={"snapshot": self.origins.pins.tables[name]})
        if source.snapshot is not None:
            return source
        context, known = self._context, dict[str, int]()
        for station in ("curation", "features"):
            known |= publication.snapshots(context.s3, context.paths.lake, source.line, station)
        return source.model_copy(update={"snapshot": known[source.table]}) if source.table in known else source

    def _content(self, name: str) -> str:
        """Return a digest of a source's rows, whatever their order."""
        self.load(name)
        table = f"{SCHEMA}.{quoted(name)}"
        total = f"SELECT count(*), sum(CAST(hash(rows) AS HUGEINT)) FROM {table} AS rows"  # noqa: S608 (a quoted name)
        count, digest = engine.rows(self._connection, total)[0]
        return f"{count}:{digest}"


def by_partition(source: Source) -> Mapping[str, str]:
    """Return the partition column of a source and its SQL type, as the only item; empty for a source without one."""
    return source.partitions if isinstance(source, S3Source) else {}
