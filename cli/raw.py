"""Putting raw files where a line's curation looks for them: the raw bucket, or tables of the embedded PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from cli.embedded_tables import fill
from config.connections import Connection
from config.errors import LineError
from config.sources import DatabaseSource, LineSource, S3Source, Source
from runtime.paths import raw_prefix


def put(
    client: Callable[[str], Any],
    *,
    bucket: str,
    line: str,
    sources: Mapping[str, Source],
    connections: Mapping[str, Connection],
    folder: Path,
) -> int:
    """Make the raw bucket and the embedded databases hold exactly the folder's files.

    They are ``<source>/<file>``, or in folders there, as ``<source>/month=2013-01/<file>``.
    Returns their number. Raises LineError when the folder holds none, one that is no source of the line, or one of a
    source that is read elsewhere.
    """
    declared = sorted(sources)
    files = sorted(path for path in folder.glob("*/**/*") if path.is_file())
    if not files:
        raise LineError(
            f"{folder} holds no raw files, expected <source>/<file>.csv with source one of {', '.join(declared)}"
        )
    of: dict[str, list[Path]] = {name: [] for name in declared}
    for path in files:
        name = path.relative_to(folder).parts[0]
        if name not in of:
            raise LineError(
                f"{folder / name} is not a source of line {line!r}, expected one of {', '.join(declared)}: "
                "rename the folder"
            )
        of[name].append(path)
    uploaded = {name: of[name] for name in declared if isinstance(sources[name], S3Source)}
    _upload(client("s3"), bucket, line, folder, uploaded)
    for name, source in sources.items():
        if isinstance(source, LineSource) and of[name]:
            raise LineError(
                f"{folder / name}: source {name!r} is a table that line {source.line!r} publishes: remove the folder"
            )
        if not isinstance(source, DatabaseSource):
            continue
        if connections[source.connection].embedded:
            fill(client("secretsmanager"), name, source, of[name])
        elif of[name]:
            raise LineError(
                f"{folder / name}: source {name!r} is read from connection {source.connection!r}, which is not "
                "embedded: remove the folder, or let the connection be embedded in the environment"
            )
    return len(files)


def _upload(s3: Any, bucket: str, line: str, folder: Path, files: Mapping[str, Iterable[Path]]) -> None:
    """Make the sources' part of the bucket hold exactly the files, in the folders in which they lie."""
    wanted = {
        raw_prefix(line, source) + path.relative_to(folder / source).as_posix(): path
        for source, paths in files.items()
        for path in paths
    }
    for source in files:
        for key in _keys(s3, bucket, raw_prefix(line, source)):
            if key not in wanted:
                s3.delete_object(Bucket=bucket, Key=key)
    for key, path in wanted.items():
        with path.open("rb") as body:
            s3.put_object(Bucket=bucket, Key=key, Body=body)


def _keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]
