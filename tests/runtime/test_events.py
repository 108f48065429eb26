import json

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
