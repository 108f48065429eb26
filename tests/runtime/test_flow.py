import json
from typing import Any

import pytest

from runtime import flow, ledger, records
from tests.runtime.recorded import finished, started


def record(*events: dict[str, Any]) -> records.RunRecord:
    return records.of_events(ledger.item(event) for event in events)


RUN = [
    started("run", 0),
    started("curation", 2),
    finished("curation", 10),
    started("features", 13),
    finished("features", 20),
    started("delivery", 20),
    finished("delivery", 24),
]
EARLIER = {"landed": "2025-12-31T23:59:00+00:00"}


def told(capsys: pytest.CaptureFixture[str], *args: Any) -> list[dict[str, Any]]:
    flow.tell(*args)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_stations_end_tells_its_seconds_and_how_long_it_waited(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = told(capsys, record(*RUN), "features")

    assert (found["Line"], found["Station"]) == ("flights", "features")
    assert (found["StationSeconds"], found["StationWait"]) == ([7.0], [3.0])


def test_the_first_station_waits_since_the_start_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = told(capsys, record(*RUN), "curation")

    assert found["StationWait"] == [2.0]


def test_a_runs_end_tells_its_lead_time_from_the_landing_of_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    landed = [started("run", 0), finished("curation", 10, outputs=EARLIER), *RUN[3:], finished("run", 25)]

    (found,) = told(capsys, record(*landed), "run")

    assert (found["RunSeconds"], found["LeadTime"], found["Halts"]) == ([25.0], [84.0], [0.0])
    assert "Station" not in found


def test_a_halted_run_counts_and_has_no_lead_time(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = told(capsys, record(*RUN[:3], finished("run", 11, status="halted")), "run")

    assert found["Halts"] == [1.0]
    assert "LeadTime" not in found


def test_what_is_unknown_has_no_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, record(*RUN), "release") == []


def test_a_skipped_station_took_no_time_that_would_tell_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, record(finished("curation", 1, status="skipped")), "curation") == []
