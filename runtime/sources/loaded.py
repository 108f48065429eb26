"""A source in the database: its relation, and what was read to make it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = "raw"
"""SQL says ``FROM raw.<source>``: a curated table may have its source's name."""


@dataclass(frozen=True)
class File:
    """One raw file as it was read: its version names its content."""

    uri: str
    version: str
    etag: str
    path: Path


@dataclass(frozen=True)
class Loaded:
    """What was read of a source; ``fingerprint`` is None where only reading it all could tell whether it changed."""

    rows: int
    fingerprint: str | None
    files: list[File] = field(default_factory=list)
    origin: str = ""
    """What was read where there are no files: a table or a query of a connection."""

    def told(self) -> dict[str, Any]:
        """Return what a receipt says of it."""
        objects = [{"uri": file.uri, "version": file.version, "etag": file.etag} for file in self.files]
        return {
            "rows": self.rows,
            "fingerprint": self.fingerprint,
            **({"origin": self.origin} if self.origin else {"files": len(self.files), "objects": objects}),
        }


def fingerprint_of(files: Iterable[File]) -> str:
    """Return SHA-256 over the files' names and content tags."""
    return hashlib.sha256("".join(f"{file.uri}\n{file.etag}\n" for file in files).encode()).hexdigest()
