"""A source's files in the raw bucket: found, and fetched by version."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from config.errors import LineError
from runtime.paths import raw_prefix
from runtime.sources.loaded import File


def download(s3: Any, *, bucket: str, line: str, source: str, folder: Path) -> list[File]:
    """Download a source's files, in the order of their keys; raises LineError when there is none, or an empty one."""
    prefix = raw_prefix(line, source)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = sorted(item["Key"] for page in pages for item in page.get("Contents", []) if not item["Key"].endswith("/"))
    if not keys:
        raise LineError(
            f"s3://{bucket}/{prefix} holds no file, expected the CSV files of source {source!r}: upload one"
        )
    with ThreadPoolExecutor(4) as threads:
        paths = [folder / f"{source}-{i}{_suffix(key)}" for i, key in enumerate(keys)]
        return list(threads.map(lambda key, path: _fetched(s3, bucket, key, path), keys, paths))


def _suffix(key: str) -> str:
    return ".csv.gz" if key.endswith(".gz") else ".csv"


def _fetched(s3: Any, bucket: str, key: str, path: Path) -> File:
    answer = s3.get_object(Bucket=bucket, Key=key)
    with path.open("wb") as target:
        for chunk in answer["Body"].iter_chunks(1 << 20):
            target.write(chunk)
    uri = f"s3://{bucket}/{key}"
    if path.stat().st_size == 0:
        raise LineError(f"{uri}: is empty (0 bytes), expected a CSV file with a header: upload the complete file")
    return File(uri=uri, version=answer.get("VersionId", ""), etag=answer["ETag"].strip('"'), path=path)
