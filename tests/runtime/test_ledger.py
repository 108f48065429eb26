import itertools
from typing import Any

import pytest

from runtime import events, ledger
from runtime.ledger import Entry
from runtime.receipts import Receipt
from runtime.records import moment
from tests.moto_server import Aws


@pytest.fixture
def table(aws: Aws) -> str:
    return aws.table("pk", "sk")


def started(station: str, at: str, run: str = "run-1") -> dict[str, Any]:
    detail = events.started(line="flights", run=run, station=station, at=at)
    return {"detail-type": events.STATION_STARTED, "detail": detail}


def finished(station: str, at: str, run: str = "run-1", status: Any = "succeeded") -> dict[str, Any]:
    receipt = Receipt(
        station=station, status=status, seconds=4.0, inspections=[{"severity": "warning", "passed": False}]
    )
    detail = events.finished(line="flights", run=run, station=station, receipt=receipt, at=at)
    return {"detail-type": events.STATION_FINISHED, "detail": detail}


def over(at: str, run: str = "run-1", status: str = "succeeded") -> dict[str, Any]:
    detail = events.run_finished(line="flights", run=run, status=status, message="why", at=at)
    return {"detail-type": events.RUN_FINISHED, "detail": detail}


STARTED, FINISHED = started("curation", "2026-01-01T00:00:00Z"), finished("curation", "2026-01-01T00:00:30.5+00:00")
CURATION = Entry(
    run="run-1",
    station="curation",
    status="succeeded",
    started="2026-01-01T00:00:00Z",
    finished="2026-01-01T00:00:30.5+00:00",
    seconds=30.5,
    inspections={"error": 0, "warning": 1, "info": 0},
)


@pytest.mark.parametrize("order", sorted(set(itertools.permutations((0, 0, 1, 1)))))
def test_a_station_is_the_same_whatever_the_order_and_number_of_its_events(
    aws: Aws, table: str, order: tuple[int, ...]
) -> None:
    dynamodb = aws.client("dynamodb")

    recorded = [ledger.record(dynamodb, table, event) for event in ((STARTED, FINISHED)[i] for i in order)]

    assert sum(recorded) == 2
    assert ledger.stations(dynamodb, table, "flights", "run-1") == [CURATION]


def test_what_was_recorded_first_stays(aws: Aws, table: str) -> None:
    dynamodb = aws.client("dynamodb")
    ledger.record(dynamodb, table, FINISHED)

    late = ledger.record(dynamodb, table, finished("curation", "2026-01-02T00:00:00Z", status="failed"))

    assert late is False
    assert ledger.stations(dynamodb, table, "flights", "run-1")[0].status == "succeeded"


def test_a_station_that_has_not_ended_is_running(aws: Aws, table: str) -> None:
    dynamodb = aws.client("dynamodb")

    ledger.record(dynamodb, table, STARTED)

    assert ledger.stations(dynamodb, table, "flights", "run-1")[0].status == "running"


def test_a_station_whose_start_is_unknown_has_the_seconds_that_it_measured(aws: Aws, table: str) -> None:
    dynamodb = aws.client("dynamodb")

    ledger.record(dynamodb, table, FINISHED)

    assert ledger.stations(dynamodb, table, "flights", "run-1")[0].seconds == 4.0


def test_stations_come_in_the_order_in_which_they_began(aws: Aws, table: str) -> None:
    dynamodb = aws.client("dynamodb")
    for second, station in reversed(list(enumerate(events.STATIONS))):
        ledger.record(dynamodb, table, started(station, f"2026-01-01T00:00:0{second}Z"))
    ledger.record(dynamodb, table, started("curation", "2026-01-01T00:00:00Z", run="run-10"))

    found = ledger.stations(dynamodb, table, "flights", "run-1")

    assert [entry.station for entry in found] == list(events.STATIONS)


def test_runs_come_newest_first_with_their_stations_inspections(aws: Aws) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.ledger()
    for event in (STARTED, FINISHED, over("2026-01-01T00:01:00Z", status="halted")):
        ledger.record(dynamodb, table, event)
    ledger.record(dynamodb, table, started("curation", "2026-01-03T00:00:00Z", run="a-later-run"))

    newest, first = ledger.newest(dynamodb, table, "flights", 10)

    assert (newest.run, newest.status) == ("a-later-run", "running")
    assert (first.run, first.status, first.message) == ("run-1", "halted", "why")
    assert (first.started, first.finished) == (moment("2026-01-01T00:00:00Z"), moment("2026-01-01T00:01:00Z"))
    assert [dict(one.inspections) for one in first.stations] == [{"error": 0, "warning": 1, "info": 0}]
