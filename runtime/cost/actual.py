"""What a line really cost: Cost Explorer's figures by the tags of environment, line and station."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from config import tags
from config.errors import LineError

NONE = "line"
"""Where what carries no station's tag is listed."""
SHARED = "shared"
"""Where what carries no line's tag is listed."""


@dataclass(frozen=True)
class Row:
    """What one station paid one service, in US dollars; of a whole environment, what one line paid."""

    station: str
    service: str
    usd: float


@dataclass(frozen=True)
class Spent:
    """What was spent from ``since`` to before ``until``, the dearest first; the last day may still grow."""

    since: str
    until: str
    rows: tuple[Row, ...]

    @property
    def usd(self) -> float:
        return sum(row.usd for row in self.rows)


def spent(explorer: Any, *, environment: str, line: str = "", days: int, today: dt.date | None = None) -> Spent:
    """Return what a line, or all of an environment, cost in the last days; raises LineError without activated tags.

    Each request costs 0.01 USD; there is one for each page, most often one.
    """
    until = (today or dt.datetime.now(dt.UTC).date()) + dt.timedelta(days=1)
    since = until - dt.timedelta(days=days)
    of = {"Tags": {"Key": tags.ENVIRONMENT, "Values": [environment]}}
    by, rest = (tags.STATION, NONE) if line else (tags.LINE, SHARED)
    asked: dict[str, Any] = {
        "TimePeriod": {"Start": since.isoformat(), "End": until.isoformat()},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        "Filter": {"And": [of, {"Tags": {"Key": tags.LINE, "Values": [line]}}]} if line else of,
        "GroupBy": [{"Type": "TAG", "Key": by}, {"Type": "DIMENSION", "Key": "SERVICE"}],
    }
    sums: dict[tuple[str, str], float] = {}
    page: str | None = ""
    while page is not None:
        told = explorer.get_cost_and_usage(**asked, **({"NextPageToken": page} if page else {}))
        for day in told["ResultsByTime"]:
            for group in day["Groups"]:
                tagged, service = group["Keys"]
                station = tagged.partition("$")[2] or rest
                usd = float(group["Metrics"]["UnblendedCost"]["Amount"])
                sums[station, service] = sums.get((station, service), 0.0) + usd
        page = told.get("NextPageToken")
    if not sums:
        what = f"line {line} in {environment}" if line else f"environment {environment}"
        raise LineError(
            f"{what}: Cost Explorer knows no cost of the last {days} days with the tags "
            f"{tags.ENVIRONMENT} and {tags.LINE}: activate them, and {tags.STATION}, as cost allocation tags, and wait "
            "a day"
        )
    rows = sorted((Row(*key, usd) for key, usd in sums.items()), key=lambda row: (-row.usd, row.station, row.service))
    return Spent(since=since.isoformat(), until=until.isoformat(), rows=tuple(rows))
