"""A source in the database: its relation, what was read to make it, and what of it could not be read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = "raw"
"""SQL says ``FROM raw.<source>``: a curated table may have its source's name."""

REJECTED = "rejected"
"""``rejected.<source>`` holds the rows that could not be read: file, line, reason and raw text."""


@dataclass(frozen=True)
class Object:
    """One raw file in S3, as listed: its tag names its content."""

    bucket: str
    key: str
    etag: str
    partition: Mapping[str, str] = field(default_factory=dict)
    """The values of the partition columns, as they stand in the key."""
    version: str = ""
    """The version that is pinned; empty for the newest."""
    landed: str = field(default="", compare=False)
    """When it came (ISO 8601, UTC); empty where that is not listed."""

    @property
    def uri(self) -> str:
        """The object as messages and records name it: its key as it is, control characters escaped."""
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in self.key)
        return f"s3://{self.bucket}/{shown}"

    @property
    def partition_name(self) -> str:
        """The partition that it belongs to, e.g. ``month=2013-01``; empty without partitions."""
        return "/".join(f"{column}={value}" for column, value in self.partition.items())


@dataclass(frozen=True)
class File:
    """One raw file as it was read."""

    object: Object
    version: str
    path: Path
    compression: str | None = None

    @property
    def uri(self) -> str:
        return self.object.uri


@dataclass(frozen=True)
class Loaded:
    """What was read of a source; ``fingerprint`` is None where only reading it all could tell whether it changed."""

    rows: int
    fingerprint: str | None
    rejected: int = 0
    files: list[File] = field(default_factory=list)
    origin: str = ""
    """What was read where there are no files: a table or a query of a connection, another line's table."""

    def told(self) -> dict[str, Any]:
        """Return what a receipt says of it."""
        objects = [{"uri": file.uri, "version": file.version, "etag": file.object.etag} for file in self.files]
        return {
            "rows": self.rows,
            "rejected": self.rejected,
            "fingerprint": self.fingerprint,
            **({"origin": self.origin} if self.origin else {"files": len(self.files), "objects": objects}),
        }


def fingerprint_of(objects: Iterable[Object]) -> str:
    """Return SHA-256 over the objects' names and content tags."""
    return hashlib.sha256("".join(f"{one.uri}\n{one.etag}\n" for one in objects).encode()).hexdigest()


def fingerprints_by_partition(objects: Iterable[Object]) -> dict[str, str]:
    """Return the fingerprint of each partition of a source, by the partition's name."""
    of: dict[str, list[Object]] = {}
    for one in objects:
        of.setdefault(one.partition_name, []).append(one)
    return {partition: fingerprint_of(members) for partition, members in sorted(of.items())}
