"""What a branch's environment holds constant: the versions of another environment's data that its runs read.

A pin is one document in the branch's own lake. A source that it names is read as it says, file by file and version by
version, or one snapshot of a table; any other source is the branch's own. What moves on over there changes nothing
here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from runtime.raw_objects import Object

PARAMETERS = (PINNED_RAW, PINNED_LAKE, PINNED_KEY) = ("PinnedRawBucket", "PinnedLakeBucket", "PinnedKey")
"""Parameters of a line's stack: the buckets, and the ARN of the key, that its pinned sources are read with.

The lake is one only where other lines' tables are read.
"""


@dataclass(frozen=True)
class PinnedFile:
    """One version of a raw file; ``etag`` names its content."""

    key: str
    etag: str
    version: str


@dataclass(frozen=True)
class Pins:
    """What one line reads of another environment; ``at`` (ISO 8601, UTC) is when it was looked up."""

    environment: str
    at: str
    raw_bucket: str
    database: str
    """The Glue database over there."""
    files: Mapping[str, Sequence[PinnedFile]]
    """Source -> its files, in the order of their keys."""
    tables: Mapping[str, int]
    """Source that is another line's table -> its snapshot."""

    def objects(self, source: str) -> list[Object]:
        """Return a source's files as a listing would have shown them."""
        bucket = self.raw_bucket
        return [Object(uri=f"s3://{bucket}/{one.key}", key=one.key, etag=one.etag) for one in self.files[source]]


def key_of(line: str) -> str:
    """Key in the branch's lake bucket.

    >>> key_of("flights")
    'pins/flights/sources.json'
    """
    return f"pins/{line}/sources.json"


def read(s3: Any, lake: str, key: str) -> Pins | None:
    """Return what is pinned; None where nothing is, and for an empty key: that environment is never pinned."""
    if not key:
        return None
    try:
        body = s3.get_object(Bucket=lake, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    given = json.loads(body)
    files = {source: tuple(PinnedFile(**one) for one in found) for source, found in given["files"].items()}
    return Pins(**{**given, "files": files})


def write(s3: Any, lake: str, line: str, pins: Pins) -> None:
    """Let the runs that begin from now on read this."""
    body = json.dumps(asdict(pins), sort_keys=True).encode()
    s3.put_object(Bucket=lake, Key=key_of(line), Body=body, ContentType="application/json")


def forget(s3: Any, lake: str, line: str) -> None:
    """Let the line read its environment's own data again."""
    s3.delete_object(Bucket=lake, Key=key_of(line))
