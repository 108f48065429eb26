"""The files of a table that no snapshot refers to: noted when first seen, deleted once a grace period has passed.

They are what expired snapshots leave, what a killed run uploaded and never committed, and metadata beyond the kept
versions. In between, whoever still reads or writes them has the time to end.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyiceberg.table import Table

_AT_ONCE = 1000
"""Keys that one DeleteObjects takes."""


@dataclass(frozen=True)
class Sweep:
    """What lies under a table without being referred to; sizes in bytes by key."""

    due: Mapping[str, int]
    """Noted longer ago than the grace period: to be deleted."""
    waiting: Mapping[str, int]
    seen: Mapping[str, str]
    """When each was first seen."""


@dataclass(frozen=True)
class Notes:
    """Where a table's unreferenced files are noted."""

    s3: Any
    bucket: str
    key: str

    def read(self) -> dict[str, str]:
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=self.key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return {}
        found: dict[str, str] = json.loads(body)
        return found

    def write(self, seen: Mapping[str, str]) -> None:
        body = json.dumps(seen, sort_keys=True, indent=0).encode()
        self.s3.put_object(Bucket=self.bucket, Key=self.key, Body=body, ContentType="application/json")


def listed(s3: Any, bucket: str, prefix: str) -> dict[str, int]:
    """Return the size of every object under a prefix; not the empty ones that stand for a folder."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", [])}
    return {key: size for key, size in found.items() if not key.endswith("/")}


def plan(
    files: Mapping[str, int], referenced: set[str], noted: Mapping[str, str], *, now: dt.datetime, grace: dt.timedelta
) -> Sweep:
    """Return what is to be deleted of the files; list them before asking what is referenced, for commits that come."""
    free = {key: size for key, size in files.items() if key not in referenced}
    seen = {key: noted.get(key, now.isoformat()) for key in free}
    due = {key: size for key, size in free.items() if now - dt.datetime.fromisoformat(seen[key]) >= grace}
    return Sweep(due=due, waiting={key: size for key, size in free.items() if key not in due}, seen=seen)


def referenced(table: Table, snapshots: set[int] | None = None) -> set[str]:
    """Return the key of every file that the table's snapshots (or just some of them) and its metadata refer to."""
    metadata = table.metadata
    uris = {table.metadata_location, *(entry.metadata_file for entry in metadata.metadata_log)}
    uris |= {statistics.statistics_path for statistics in (*metadata.statistics, *metadata.partition_statistics)}
    for snapshot in metadata.snapshots:
        if snapshots is not None and snapshot.snapshot_id not in snapshots:
            continue
        uris.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in uris:
                uris.add(manifest.manifest_path)
                uris |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)}
    return {uri.partition("://")[2].partition("/")[2] for uri in uris}


def delete(s3: Any, bucket: str, keys: Mapping[str, int]) -> None:
    """Delete objects; what is gone already is fine. Raises RuntimeError for what S3 refuses to delete."""
    for some in _portions(sorted(keys)):
        objects = [{"Key": key} for key in some]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", []):
            raise RuntimeError(f"s3://{bucket}/{error['Key']} was not deleted: {error['Code']}: {error['Message']}")


def _portions(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]
