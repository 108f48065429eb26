"""Verdicts: what was found of each window, kept beside its partials, for reports."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from runtime.monitoring import partials
from runtime.monitoring.store import Store, expiry

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """One judged window; ``start`` and ``end`` are ISO moments in UTC.

    ``drift`` is by column as ``shift.compare`` tells it, ``quality`` by column, ``performance`` by metric, ``slices``
    by ``column=value`` with the same metrics and ``n``. ``monitors`` says how each monitor stood after this window.
    """

    line: str
    start: str
    end: str
    rows: int = 0
    labels: int = 0
    drift: Figures = field(default_factory=dict)
    quality: Figures = field(default_factory=dict)
    performance: Figures = field(default_factory=dict)
    calibration: Sequence[Sequence[float]] = ()
    slices: Figures = field(default_factory=dict)
    outcome: float | None = None
    milliseconds: Figures = field(default_factory=dict)
    monitors: Mapping[str, str] = field(default_factory=dict)


def write(store: Store, verdict: Verdict, now: dt.datetime) -> None:
    """Keep a verdict in the place of the window's earlier one."""
    body = zlib.compress(json.dumps(asdict(verdict)).encode())
    store.dynamodb.put_item(
        TableName=store.windows,
        Item={
            "window": {"S": partials.key(verdict.line, verdict.start)},
            "part": {"S": partials.VERDICT},
            "verdict": {"B": body},
            "expires": {"N": str(expiry(now, partials.VERDICT_DAYS))},
        },
    )


def find(dynamodb: Any, table: str, line: str, start: str) -> Verdict | None:
    """Return the verdict on a window, or None when it was not judged yet."""
    answer = dynamodb.get_item(
        TableName=table,
        Key={"window": {"S": partials.key(line, start)}, "part": {"S": partials.VERDICT}},
        ConsistentRead=True,
    )
    return Verdict(**json.loads(zlib.decompress(answer["Item"]["verdict"]["B"]))) if "Item" in answer else None


def read(dynamodb: Any, table: str, line: str, start: str, end: str) -> Iterator[Verdict]:
    """Yield the verdicts on a line's windows that start from ``start`` until before ``end`` (``YYYY-MM-DD[THH:MMZ]``),
    in order of time."""
    for raw in partials.query(dynamodb, table, line, between=(start, end)):
        if raw["part"]["S"] < end and (verdict := find(dynamodb, table, line, raw["part"]["S"])) is not None:
            yield verdict
