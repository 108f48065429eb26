"""Where built datasets lie in the lake: each under its fingerprint, whole once its manifest is there.

The files carry their own SHA-256 in their names and the manifest is put last, only where there is none: a kill leaves
no dataset at all, and of two builds of one dataset the first manifest stays and names files that nobody replaces.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from runtime.parts import Part
from runtime.paths import dataset_prefix

MANIFEST = "manifest.json"
_PIECE = 1 << 20
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


@dataclass(frozen=True)
class Shelf:
    """The datasets of one line."""

    s3: Any
    lake: str
    line: str

    def uri(self, fingerprint: str) -> str:
        """Return where a dataset lies, or would."""
        return f"s3://{self.lake}/{dataset_prefix(self.line, fingerprint)}"

    def find(self, fingerprint: str) -> dict[str, Any] | None:
        """Return a dataset's manifest, or None when it was never built whole."""
        key = dataset_prefix(self.line, fingerprint) + MANIFEST
        try:
            body = self.s3.get_object(Bucket=self.lake, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None
        found: dict[str, Any] = json.loads(body)
        return found

    def newest(self, limit: int) -> list[str]:
        """Return the fingerprints of the datasets that were built last, the newest first."""
        prefix = dataset_prefix(self.line, "").rstrip("/") + "/"
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.lake, Prefix=prefix)
        found = [
            (one["LastModified"], one["Key"].removeprefix(prefix).removesuffix(f"/{MANIFEST}"))
            for page in pages
            for one in page.get("Contents", [])
            if one["Key"].endswith(f"/{MANIFEST}")
        ]
        return [fingerprint for _, fingerprint in sorted(found, reverse=True)[:limit]]

    def part(self, manifest: Mapping[str, Any], part: str) -> tuple[int, Iterator[bytes]]:
        """Return how many bytes a part's file has, and the file, a piece at a time."""
        key = dataset_prefix(self.line, manifest["fingerprint"]) + manifest["files"][part]["file"]
        found = self.s3.get_object(Bucket=self.lake, Key=key)
        return found["ContentLength"], found["Body"].iter_chunks(_PIECE)

    def put(self, manifest: Mapping[str, Any], parts: Mapping[str, Part]) -> dict[str, Any]:
        """Store a dataset and return its manifest with its files: the one that is there, if another build was first."""
        prefix = dataset_prefix(self.line, manifest["fingerprint"])
        files: dict[str, dict[str, Any]] = {}
        for name, part in parts.items():
            sha256 = part.sha256
            file = f"{name}-{sha256[:16]}.parquet"
            self.s3.upload_file(str(part.path), self.lake, prefix + file)
            files[name] = {"file": file, "bytes": part.path.stat().st_size, "sha256": sha256}
        whole = {**manifest, "files": files}
        body = json.dumps(whole, indent=1).encode()
        try:
            self.s3.put_object(Bucket=self.lake, Key=prefix + MANIFEST, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN:
                raise
            return self.find(manifest["fingerprint"]) or whole
        return whole

    def download(self, manifest: Mapping[str, Any], folder: Path) -> list[Path]:
        """Write a dataset's files and its manifest into a folder, as ``<part>.parquet`` and ``manifest.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        prefix = dataset_prefix(self.line, manifest["fingerprint"])
        written = []
        for part, file in manifest["files"].items():
            path = folder / f"{part}.parquet"
            self.s3.download_file(self.lake, prefix + file["file"], str(path))
            written.append(path)
        path = folder / MANIFEST
        path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        return [*written, path]

    def rows(self, manifest: Mapping[str, Any], part: str) -> pa.Table:
        """Return a part's rows."""
        key = dataset_prefix(self.line, manifest["fingerprint"]) + manifest["files"][part]["file"]
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            self.s3.download_fileobj(self.lake, key, file)
            file.flush()
            return pq.read_table(file.name)
