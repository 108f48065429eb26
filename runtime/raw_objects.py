"""The raw files of a source as S3 lists them: enough to tell whether any changed, without reading one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runtime.paths import raw_prefix


@dataclass(frozen=True)
class Object:
    """One raw file; ``etag`` changes with its content."""

    uri: str
    key: str
    etag: str


def listed(s3: Any, *, bucket: str, line: str, source: str) -> list[Object]:
    """Return a source's objects in the order of their keys."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=raw_prefix(line, source))
    found = [
        Object(uri=f"s3://{bucket}/{item['Key']}", key=item["Key"], etag=item["ETag"].strip('"'))
        for page in pages
        for item in page.get("Contents", [])
        if not item["Key"].endswith("/")
    ]
    return sorted(found, key=lambda one: one.key)


def fingerprint(objects: Sequence[Object]) -> str:
    """Return SHA-256 over the objects' names and content tags."""
    return hashlib.sha256("".join(f"{one.uri}\n{one.etag}\n" for one in objects).encode()).hexdigest()
