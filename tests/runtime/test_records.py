import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import ledger, records
from runtime.records import RunRecord, StationRecord
from tests.runtime.recorded import START, distinct, finished, started, whole


def items(*said: dict[str, Any]) -> list[dict[str, Any]]:
    return [ledger.item(event) for event in said]


def later(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def test_a_record_tells_a_run_and_its_stations_in_the_order_in_which_they_began() -> None:
    told = records.of_events(
        items(
            finished("delivery", 40, message="two channels"),
            started("delivery", 30),
            finished("curation", 20.5, status="flagged", inspections=[{"severity": "warning", "passed": False}]),
            started("curation", 10),
            started("run", 9),
            finished("run", 41),
        )
    )

    assert told == RunRecord(
        line="flights",
        run="run-1",
        status="succeeded",
        started=later(9),
        finished=later(41),
        landed=None,
        delivered=later(40),
        message="",
        stations=(
            StationRecord(
                "curation",
                "flagged",
                later(10),
                later(20.5),
                10.5,
                inspections={"error": 0, "warning": 1, "info": 0},
            ),
            StationRecord(
                "delivery",
                "succeeded",
                later(30),
                later(40),
                10.0,
                message="two channels",
                inspections={"error": 0, "warning": 0, "info": 0},
            ),
        ),
    )


def test_a_run_of_which_only_a_station_is_known_is_running_since_then() -> None:
    told = records.of_events(items(started("curation", 7)))

    assert (told.status, told.started, told.finished) == ("running", later(7), None)
    assert told.stations == (StationRecord("curation", "running", later(7), None, 0.0),)


def test_an_end_before_its_start_is_kept_and_lasts_no_time() -> None:
    (station,) = records.of_events(items(started("curation", 10), finished("curation", 4))).stations

    assert (station.started, station.finished, station.seconds) == (later(10), later(4), 0.0)


def test_a_skipped_delivery_delivered_nothing() -> None:
    assert records.of_events(items(finished("delivery", 4, status="skipped"))).delivered is None


def test_a_record_of_no_event_is_refused() -> None:
    with pytest.raises(ValueError, match="needs an event"):
        records.of_events([])


@given(said=distinct(), seed=st.integers(0, 99))
def test_neither_order_nor_repetition_changes_a_record_and_json_keeps_it(said: list[Any], seed: int) -> None:
    told, chance = items(*said), random.Random(seed)
    again = [*told, *chance.choices(told, k=3)]
    chance.shuffle(again)

    record = records.of_events(told)

    assert records.of_events(again) == record
    assert records.from_json(records.to_json(record)) == record
    assert all(station.seconds >= 0 for station in record.stations)


def test_a_hostile_name_stays_what_it_is() -> None:
    name = "</script><b>\"'\u2028;--"

    record = records.of_events(items(*whole(name, 0)))

    assert records.from_json(records.to_json(record)).run == name
