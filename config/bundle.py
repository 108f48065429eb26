"""A line as jobs receive it: its validated definition and its SQL, as one JSON document.

The stack stages the bundle as an asset, so that what runs is exactly what was synthesized, and a job needs no
access to the repository.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from config.line import Line
from config.strict import Strict


class Bundle(Strict):
    definition: Line
    curation: dict[str, str]
    """Curated table -> its SELECT."""
    features: dict[str, str]
    """Feature view -> its SELECT."""
    spine: str
    """The SELECT whose rows are the examples: id, event time, request columns and label."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the whole definition: two bundles with one fingerprint do the same work."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def path_of(folder: Path, kind: str, name: str) -> Path:
    """Return where a line's folder keeps a SELECT, e.g. ``lines/flights/curation/weather.sql``."""
    return folder / kind / f"{name}.sql"
