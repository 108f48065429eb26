"""Reading a run's predictions from the lake a part at a time, however many there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from config.errors import LineError
from runtime.delivery.records import Record
from runtime.paths import RunPaths

PART = 8 * 1024 * 1024
"""Bytes that are held at once: also the size of a part of a multipart upload, which S3 wants to be 5 MiB or more."""


def parts(s3: Any, bucket: str, key: str, *, size: int = 0) -> Iterator[bytes]:
    """Yield an object's content in order, each part but the last of ``size`` (PART) bytes; nothing when it is empty.

    Every part is a request of its own, so that a slow consumer keeps no connection waiting; an object that changes in
    between is refused by S3 (412).
    """
    size, first, total, version = size or PART, 0, 1, ""
    while first < total:
        given = {"IfMatch": version} if version else {}
        try:
            answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={first}-{first + size - 1}", **given)
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRange" and first == 0:
                return
            raise
        body: bytes = answer["Body"].read()
        if not body:
            return
        yield body
        first, version = first + len(body), answer["ETag"]
        total = int(answer["ContentRange"].rpartition("/")[2]) if "ContentRange" in answer else first


def records(s3: Any, paths: RunPaths, *, size: int = 0) -> Iterator[Record]:
    """Yield the run's prediction records; raises LineError when there is none."""
    rest, found = b"", False
    for part in parts(s3, paths.lake, paths.predictions, size=size):
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            if line.strip():
                found = True
                yield json.loads(line)
    if rest.strip():
        found = True
        yield json.loads(rest)
    if not found:
        raise LineError(
            f"delivery: s3://{paths.lake}/{paths.predictions} holds no prediction: "
            "choose a scoring date for which the spine has rows"
        )
