"""Objects of the embedded S3 as files of a child's directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from config.errors import LineError


def download(s3: Any, uri: str, directory: Path) -> Path:
    """Put the object at ``s3://bucket/key`` into the directory under the key's last part; returns the file."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    target = directory / Path(key).name
    try:
        s3.download_file(bucket, key, str(target))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise LineError(f"{uri}: it cannot be read ({code}): upload it, or grant s3:GetObject to its reader") from error
    return target
