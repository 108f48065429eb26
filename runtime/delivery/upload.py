"""Putting an object that nobody replaces: in one request, or in parts when it is large; two are held at most."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from botocore.exceptions import ClientError

from config.errors import LineError
from runtime.delivery import reading

_EXISTS = "PreconditionFailed"


@dataclass
class Sent:
    """What went over the wire so far."""

    size: int = 0
    _hash: Any = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        found: str = self._hash.hexdigest()
        return found

    def counted(self, part: bytes) -> bytes:
        self.size += len(part)
        self._hash.update(part)
        return part


def once(s3: Any, bucket: str, key: str, parts: Iterator[bytes], content_type: str) -> Sent:
    """Create the object; one that is there already with the same content is a retry's success.

    ``parts`` are the content in order, all but the last of one size of 5 MiB or more. Raises LineError when the object
    is there with other content.
    """
    sent = Sent()
    first, second = next(parts, b""), next(parts, None)
    try:
        if second is None:
            s3.put_object(Bucket=bucket, Key=key, Body=sent.counted(first), ContentType=content_type, IfNoneMatch="*")
        else:
            _in_parts(s3, bucket, key, chain([first, second], parts), sent, ContentType=content_type)
    except ClientError as error:
        if error.response["Error"]["Code"] != _EXISTS:
            raise
        if _content(s3, bucket, key) != sent.sha256:
            raise LineError(
                f"delivery: s3://{bucket}/{key} exists with other content, expected none or the same: "
                "a delivered file is never replaced, so start a new run"
            ) from None
    return sent


def _in_parts(s3: Any, bucket: str, key: str, parts: Iterator[bytes], sent: Sent, **given: str) -> None:
    """Upload in parts; the object exists when the last request says so, and only where none was."""
    target = {"Bucket": bucket, "Key": key}
    upload = {**target, "UploadId": s3.create_multipart_upload(**target, **given)["UploadId"]}
    try:
        made = []
        for number, part in enumerate(parts, start=1):
            tag = s3.upload_part(**upload, PartNumber=number, Body=sent.counted(part))["ETag"]
            made.append({"PartNumber": number, "ETag": tag})
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": made}, IfNoneMatch="*")
    except Exception:
        _forget(s3, upload)
        raise


def _forget(s3: Any, upload: dict[str, Any]) -> None:
    """Give the parts back; what cannot be, the bucket's lifecycle removes."""
    try:
        s3.abort_multipart_upload(**upload)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchUpload":
            raise


def _content(s3: Any, bucket: str, key: str) -> str:
    found = Sent()
    for part in reading.parts(s3, bucket, key):
        found.counted(part)
    return found.sha256
