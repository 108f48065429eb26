"""A source's files in the raw bucket: listed with their partitions, and fetched as they were listed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from config.errors import LineError
from config.sources import S3Source
from runtime.paths import raw_prefix
from runtime.pins import Pins
from runtime.sources.loaded import File, Object

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_GONE = ("NoSuchVersion", "NoSuchKey", "AccessDenied", "404", "403")
KINDS = {"csv": "a CSV file with a header", "json": "a file of JSON lines", "parquet": "a Parquet file"}


def listed(s3: Any, *, bucket: str, line: str, name: str, source: S3Source) -> list[Object]:
    """Return a source's objects in the order of their keys; nothing is read.

    Raises LineError when there is none, and for a key in which a partition does not stand.
    """
    prefix = raw_prefix(line, name)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    items = [item for page in pages for item in page.get("Contents", []) if not item["Key"].endswith("/")]
    if not items:
        kind = {"csv": "CSV", "json": "JSON", "parquet": "Parquet"}[source.format]
        raise LineError(
            f"s3://{bucket}/{prefix} holds no file, expected the {kind} files of source {name!r}: upload one"
        )
    objects = [
        Object(
            bucket=bucket,
            key=item["Key"],
            etag=item["ETag"].strip('"'),
            partition=partition_of(item["Key"].removeprefix(prefix), source),
            landed=item["LastModified"].astimezone(dt.UTC).isoformat(timespec="milliseconds"),
        )
        for item in sorted(items, key=lambda item: str(item["Key"]))
    ]
    return _partitioned(objects, prefix, name, source)


def pinned(pins: Pins, *, line: str, name: str, source: S3Source) -> list[Object]:
    """Return a source's objects as another environment had them when they were pinned."""
    prefix = raw_prefix(line, name)
    objects = [
        Object(
            bucket=pins.raw_bucket,
            key=one.key,
            etag=one.etag,
            partition=partition_of(one.key.removeprefix(prefix), source),
            version=one.version,
        )
        for one in pins.files[name]
    ]
    return _partitioned(objects, prefix, name, source)


def _partitioned(objects: list[Object], prefix: str, name: str, source: S3Source) -> list[Object]:
    """Return the objects; raises LineError for a key in which a partition does not stand."""
    for one in objects:
        if missing := sorted(set(source.partitions) - set(one.partition)):
            expected = source.partition_pattern or "/".join(f"{column}=..." for column in source.partitions)
            raise LineError(
                f"{one.uri}: its key does not tell the partition {missing[0]!r}, expected {expected} below "
                f"{prefix}: move the file or correct sources.{name}.partition_pattern in line.yaml"
            )
    return objects


def partition_of(key: str, source: S3Source) -> dict[str, str]:
    """Return the values that a key (below its source) gives to the partition columns; fewer when one is not there.

    >>> partition_of("month=2013-01/a.csv", S3Source(columns={"a": "INTEGER"}, partitions={"month": "VARCHAR"}))
    {'month': '2013-01'}
    """
    if source.partition_pattern is not None:
        pieces = re.split(r"\{(\w+)\}", source.partition_pattern)
        pattern = "".join(f"(?P<{piece}>[^/]+?)" if i % 2 else re.escape(piece) for i, piece in enumerate(pieces))
        match = re.fullmatch(pattern, key)
        return dict(match.groupdict()) if match else {}
    folders = dict(folder.split("=", 1) for folder in key.split("/")[:-1] if "=" in folder)
    return {column: folders[column] for column in source.partitions if column in folders}


def download(s3: Any, objects: Sequence[Object], *, name: str, source: S3Source, folder: Path) -> list[File]:
    """Download objects; raises LineError for an empty one, and for one that changed since it was listed."""
    with ThreadPoolExecutor(4) as threads:
        paths = [folder / f"{name}-{i}.{source.format}" for i in range(len(objects))]
        return list(threads.map(lambda one, path: _fetched(s3, one, path, source), objects, paths))


def _fetched(s3: Any, one: Object, path: Path, source: S3Source) -> File:
    version = {"VersionId": one.version} if one.version else {}
    try:
        answer = s3.get_object(Bucket=one.bucket, Key=one.key, IfMatch=f'"{one.etag}"', **version)
    except ClientError as error:
        if one.version and error.response["Error"]["Code"] in _GONE:
            raise LineError(
                f"{one.uri}: version {one.version}, which is pinned, is gone or may not be read, expected it to be "
                "kept: pin the environment again (`line env pin`)"
            ) from None
        if error.response["Error"]["Code"] in ("PreconditionFailed", "NoSuchKey", "412"):
            raise LineError(f"{one.uri}: changed while the source was read: start the run again") from None
        raise
    with path.open("wb") as target:
        for chunk in answer["Body"].iter_chunks(1 << 20):
            target.write(chunk)
    if path.stat().st_size == 0:
        raise LineError(f"{one.uri}: is empty (0 bytes), expected {KINDS[source.format]}: upload the complete file")
    compression = COMPRESSIONS.get(Path(one.key).suffix.lower()) if source.format != "parquet" else None
    return File(object=one, version=answer.get("VersionId", ""), path=path, compression=compression)
