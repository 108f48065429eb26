"""Pinning: looking up what an environment's data is now, and asking that environment to keep it.

Versions of raw files stay in their bucket for ``HELD`` after newer ones. Snapshots of tables stay while a document
names them, ``held/<line>/<environment>.json`` in the lake that holds them, until the day that it says: it needs no
cleaning up, whoever is gone.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.sources import LineSource, S3Source, Source
from runtime import publication
from runtime.environments import written
from runtime.paths import raw_prefix
from runtime.pins import PinnedFile, Pins

HELD = dt.timedelta(days=90)
"""How long what is pinned is kept: as long as buckets keep versions that are no longer current."""


@dataclass(frozen=True)
class Origin:
    """Where an environment's data lies."""

    environment: str
    raw_bucket: str
    lake_bucket: str
    database: str


@dataclass(frozen=True)
class Taken:
    """What a line would read; ``left`` are the sources that cannot be pinned, each with the reason."""

    pins: Pins
    left: Mapping[str, str]
    snapshots: Mapping[str, frozenset[int]]
    """Line over there -> the snapshots of its tables that are read."""


def take(s3: Any, origin: Origin, line: str, sources: Mapping[str, Source], at: dt.datetime) -> Taken:
    """Return what the line's sources are over there at this moment."""
    files: dict[str, tuple[PinnedFile, ...]] = {}
    tables: dict[str, int] = {}
    left: dict[str, str] = {}
    snapshots: dict[str, frozenset[int]] = {}
    for name, source in sources.items():
        if isinstance(source, S3Source):
            found = tuple(_current(s3, origin.raw_bucket, raw_prefix(line, name)))
            if found:
                files[name] = found
            else:
                left[name] = f"{origin.environment} holds no file of it: runs read this environment's own"
        elif isinstance(source, LineSource):
            snapshot = source.snapshot or _published(s3, origin, source)
            if snapshot is None:
                left[name] = f"{origin.environment} has not published it: runs read this environment's own"
            else:
                tables[name] = snapshot
                snapshots[source.line] = snapshots.get(source.line, frozenset()) | {snapshot}
        else:
            left[name] = f"a database has no versions: runs read connection {source.connection} as it is"
    pins = Pins(
        environment=origin.environment,
        at=written(at),
        raw_bucket=origin.raw_bucket,
        database=origin.database,
        files=files,
        tables=tables,
    )
    return Taken(pins=pins, left=left, snapshots=snapshots)


def hold(s3: Any, origin: Origin, taken: Taken, *, environment: str, until: dt.datetime) -> None:
    """Ask the environment over there to keep the snapshots until a moment; asking again moves it."""
    for line, snapshots in taken.snapshots.items():
        body = json.dumps({"until": written(until), "snapshots": sorted(snapshots)}).encode()
        s3.put_object(Bucket=origin.lake_bucket, Key=f"held/{line}/{environment}.json", Body=body)


def _current(s3: Any, bucket: str, prefix: str) -> Iterator[PinnedFile]:
    """Yield the newest version of each object, in the order of keys; one that is deleted has none."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for one in page.get("Versions", []):
            if one["IsLatest"] and not one["Key"].endswith("/"):
                yield PinnedFile(key=one["Key"], etag=one["ETag"].strip('"'), version=one["VersionId"])


def _published(s3: Any, origin: Origin, source: LineSource) -> int | None:
    for station in ("curation", "features"):
        found = publication.snapshots(s3, origin.lake_bucket, source.line, station)
        if source.table in found:
            return found[source.table]
    return None
