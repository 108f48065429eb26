"""Putting raw files where a line's curation looks for them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from config.errors import LineError
from runtime.paths import raw_prefix


def upload(s3: Any, *, bucket: str, line: str, sources: Iterable[str], folder: Path) -> int:
    """Make the raw bucket hold exactly the folder's files (``<source>/<file>``) for the line; returns their number.

    Raises LineError when the folder holds none, or a folder that is not a source of the line.
    """
    declared = sorted(sources)
    files = sorted(path for path in folder.glob("*/*") if path.is_file())
    if not files:
        raise LineError(
            f"{folder} holds no raw files, expected <source>/<file>.csv with source one of {', '.join(declared)}"
        )
    wanted = {}
    for path in files:
        if path.parent.name not in declared:
            raise LineError(
                f"{path.parent} is not a source of line {line!r}, expected one of {', '.join(declared)}: "
                "rename the folder"
            )
        wanted[raw_prefix(line, path.parent.name) + path.name] = path
    for source in declared:
        for key in _keys(s3, bucket, raw_prefix(line, source)):
            if key not in wanted:
                s3.delete_object(Bucket=bucket, Key=key)
    for key, path in wanted.items():
        s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
    return len(wanted)


def _keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]
