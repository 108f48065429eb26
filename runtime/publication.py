"""What consistent readers read: the snapshots that one run of a station published together, in one object.

Each table's ``main`` moves by a commit of its own, so between two of them a reader of several tables could see new
rows beside old ones. This object is replaced after the last of them, in one write: who reads the snapshots that it
names sees one run's tables, all of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Publication:
    """The run that published, and the snapshot id of each table of the station."""

    run: str
    tables: Mapping[str, int]


def key(line: str, station: str) -> str:
    """Key in the lake bucket.

    >>> key("flights", "curation")
    'published/flights/curation.json'
    """
    return f"published/{line}/{station}.json"


def write(s3: Any, lake: str, line: str, station: str, publication: Publication) -> None:
    """Let readers see a station's tables; writing the same again changes nothing."""
    body = json.dumps(asdict(publication), sort_keys=True).encode()
    s3.put_object(Bucket=lake, Key=key(line, station), Body=body, ContentType="application/json")


def read(s3: Any, lake: str, line: str, station: str) -> Publication | None:
    """Return what the station published last, or None when it never did."""
    try:
        body = s3.get_object(Bucket=lake, Key=key(line, station))["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    return Publication(**json.loads(body))


def snapshots(s3: Any, lake: str, line: str, station: str) -> dict[str, int]:
    """Return table → snapshot id of what the station published last; empty when it never did."""
    found = read(s3, lake, line, station)
    return dict(found.tables) if found else {}
