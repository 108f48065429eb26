"""What a station says of itself when it ends: written once to the lake, read by the verdict, the CLI and people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from runtime.paths import RunPaths

Status = Literal["succeeded", "skipped", "flagged", "waiting", "halted", "failed"]
"""``waiting``: nothing is wrong, but the run ends here until a person has decided."""
GOOD = ("succeeded", "flagged", "skipped")
"""How a station ends when later stations may build on what it left; skipped: an earlier run's outcome still holds."""


@dataclass(frozen=True)
class Receipt:
    """The outcome of a station, or of one of its jobs.

    ``inspections`` is a list of results as ``runtime.inspection`` gives them; ``outputs`` holds references and small
    figures only (snapshot ids, URIs, counts, metrics), never data. ``message`` says why it halted or failed.
    """

    station: str
    status: Status
    seconds: float = 0.0
    message: str = ""
    inspections: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    memory_mb: float = 0.0
    """The most memory that the job's process held at once, in megabytes; 0 where no job of its own did the work."""


def write(s3: Any, paths: RunPaths, name: str, receipt: Receipt) -> None:
    """Put the receipt at its key; a retry overwrites it with the same content."""
    body = json.dumps(asdict(receipt), default=str)
    s3.put_object(Bucket=paths.lake, Key=paths.receipt(name), Body=body.encode(), ContentType="application/json")


def read(s3: Any, paths: RunPaths, name: str) -> Receipt | None:
    """Return the receipt, or None when the station (or job) left none; what newer code says besides is left out."""
    try:
        body = s3.get_object(Bucket=paths.lake, Key=paths.receipt(name))["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    return Receipt(**{name: value for name, value in json.loads(body).items() if name in Receipt.__dataclass_fields__})
