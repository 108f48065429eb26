import json
from typing import Any

import pytest

from runtime import events
from runtime.receipts import Receipt
from tests.moto_server import Aws

RECEIPT = Receipt(
    station="curation",
    status="flagged",
    seconds=12.5,
    message="3 rows have no tail number",
    inspections=[
        {"severity": "error", "passed": True},
        {"severity": "warning", "passed": False},
        {"severity": "warning", "passed": False},
        {"severity": "info", "passed": False},
    ],
)


def test_a_finished_event_tells_how_the_station_ended() -> None:
    assert events.finished(line="flights", run="run-1", station="curation", receipt=RECEIPT, at="now") == {
        "line": "flights",
        "run": "run-1",
        "station": "curation",
        "at": "now",
        "status": "flagged",
        "seconds": 12.5,
        "message": "3 rows have no tail number",
        "inspections": {"error": 0, "warning": 2, "info": 1},
    }


def test_the_moment_is_utc() -> None:
    assert events.now().endswith("+00:00")


@pytest.mark.parametrize("detail_type", events.DETAIL_TYPES)
def test_the_pattern_of_a_line_takes_its_events_and_no_other(aws: Aws, detail_type: str) -> None:
    bus, queue = aws.bus(events.pattern("flights"))
    details = [events.started(line=line, run="run-1", station="curation", at="now") for line in ("flights", "trains")]

    events.put(
        aws.client("events"), [events.entry(bus=bus, detail_type=detail_type, detail=detail) for detail in details]
    )

    taken = [json.loads(body) for body in aws.messages(queue)]
    assert [(event["source"], event["detail-type"], event["detail"]) for event in taken] == [
        ("assembly-line", detail_type, details[0])
    ]


def test_an_event_that_the_bus_refused_is_an_error() -> None:
    class Refusing:
        def put_events(self, Entries: list[object]) -> dict[str, object]:  # noqa: N803
            return {"FailedEntryCount": 1, "Entries": [{"EventId": "1"}, {"ErrorCode": "ThrottlingException"}]}

    with pytest.raises(RuntimeError, match="the event bus refused 1 events: ThrottlingException"):
        events.put(Refusing(), [])


def test_what_halted_a_station_is_told_by_the_names_of_its_tests() -> None:
    failed = {"table": "flights", "check": "range", "column": "delay", "severity": "error", "passed": False}
    inspections = [{**failed, "test": "flights range delay"}, failed, {**failed, "column": "carrier"}]
    inspections += [{**failed, "column": "origin", "passed": True}, {**failed, "column": "dest", "severity": "warning"}]

    detail = events.finished(
        line="flights",
        run="run-1",
        station="curation",
        receipt=Receipt("curation", "halted", inspections=inspections),
        at="now",
    )

    assert detail["causes"] == ["flights range delay", "flights range carrier"]


def test_what_failed_a_station_is_told_by_the_class_of_its_error() -> None:
    common: dict[str, Any] = {"line": "flights", "run": "run-1", "station": "curation", "at": "now"}
    told = Receipt("curation", "failed", outputs={"error": "LineError"})
    caught = {"Error": "States.Timeout", "Cause": ""}

    assert events.finished(**common, receipt=told, error=caught)["causes"] == ["LineError"]
    assert events.finished(**common, receipt=Receipt("curation", "failed"), error=caught)["causes"] == [
        "States.Timeout"
    ]
    assert events.finished(**common, receipt=Receipt("curation", "failed"))["causes"] == []


def test_a_station_that_read_new_data_tells_when_they_landed() -> None:
    common: dict[str, Any] = {"line": "flights", "run": "run-1", "station": "curation", "at": "now"}
    outputs = {"landed": "2026-01-01T00:00:00+00:00"}

    assert events.finished(**common, receipt=Receipt("curation", "flagged", outputs=outputs))["landed"] == (
        "2026-01-01T00:00:00+00:00"
    )
    assert "landed" not in events.finished(**common, receipt=Receipt("curation", "skipped", outputs=outputs))
