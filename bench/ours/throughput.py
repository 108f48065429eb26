"""Our contestant: the value journey of a stream of records, as the ledger's index gives them, one JSON text each.

``make(file, runs)`` writes the records of so many runs of seven stations, a line each, the oldest first.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from bench.peers.reporting import reported
from runtime.events import STATIONS
from runtime.records import RunRecord, StationRecord, to_json
from runtime.throughput.value import value

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
EVERY = 300.0
"""Mean seconds from one run's start to the next."""
_COUNTS = {"error": 0, "warning": 1, "info": 0}


def make(file: Path, runs: int) -> None:
    drawn = random.Random(runs)
    at = BEGIN
    with file.open("w", encoding="utf-8") as out:
        for number in range(runs):
            at += dt.timedelta(seconds=drawn.expovariate(1 / EVERY))
            out.write(to_json(run(number, at, drawn)) + "\n")


def run(number: int, began: dt.datetime, drawn: random.Random) -> RunRecord:
    at, visits, status = began, [], "succeeded"
    for station in STATIONS:
        begin = at + dt.timedelta(seconds=drawn.uniform(1, 5))
        at = begin + dt.timedelta(seconds=drawn.lognormvariate(4, 0.5))
        status = "halted" if drawn.random() < 0.02 else "skipped" if drawn.random() < 0.1 else "succeeded"
        causes = (f"test {drawn.randrange(9)}",) if status == "halted" else ()
        took = (at - begin).total_seconds()
        visits.append(StationRecord(station, status, begin, at, took, "", causes, _COUNTS))
        if status == "halted":
            break
    status = "halted" if status == "halted" else "succeeded"
    delivered = next((one.finished for one in visits if one.station == "delivery" and one.status == "succeeded"), None)
    landed = began - dt.timedelta(seconds=drawn.uniform(0, 600))
    name = f"{number:064x}"
    return RunRecord("flights", name, status, began, at, landed, delivered, "", tuple(visits))


if __name__ == "__main__":
    file = Path(sys.argv[1])
    with reported() as told, file.open(encoding="utf-8") as lines:
        found = value(lines, now=dt.datetime(2027, 6, 1, tzinfo=dt.UTC))
        assert found is not None
        assert found.bottleneck is not None
        told["runs"] = found.runs
        told["lead"] = round(found.lead.time.median or 0.0, 3)
        told["bottleneck"] = found.bottleneck.station
