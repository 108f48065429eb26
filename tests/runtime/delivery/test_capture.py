import json
import time
from dataclasses import replace
from typing import Any

import pytest

from runtime.delivery import capture
from runtime.delivery.capture import Capture
from runtime.delivery.proxy import Refused
from tests.moto_server import Aws, Faults

RECORD: dict[str, Any] = {
    "schema": 1,
    "prediction_id": "flights:UA-1:2013-08-15",
    "line": "flights",
    "run": "on-request",
    "model_version": 3,
    "id": "UA-1",
    "event_time": "2013-08-15T10:30:00+00:00",
    "score": 0.25,
    "at": "2013-08-15T10:30:01+00:00",
}
INPUTS = {"carrier": "UA", "passenger": "canary", "plane__Passenger": "canary", "plane__seats": None}


class Queue:
    """A queue that keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        self.bodies.append(MessageBody)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for body in self.bodies for event in json.loads(body)["events"]]


@pytest.fixture
def queue() -> Queue:
    return Queue()


def sent(queue: Queue, inputs: list[dict[str, Any]], **changed: Any) -> list[dict[str, Any]]:
    sender = Capture(sqs=queue, queue="queue", line="flights", **changed)
    sender.send([RECORD] * len(inputs), inputs, 12.5)
    return queue.events


def test_an_event_carries_the_record_and_what_the_model_was_given(queue: Queue) -> None:
    (event,) = sent(queue, [INPUTS])
    assert {**event, "event_id": None} == {
        "event_id": None,
        "prediction": RECORD,
        "inputs": INPUTS,
        "milliseconds": 12.5,
    }
    assert {name: json.loads(queue.bodies[0])[name] for name in ("schema", "line")} == {"schema": 1, "line": "flights"}


def test_personal_columns_are_dropped_by_whatever_case_and_from_whichever_view(queue: Queue) -> None:
    (event,) = sent(queue, [INPUTS], personal=["Passenger"])
    assert event["inputs"] == {"carrier": "UA", "plane__seats": None}
    assert "canary" not in queue.bodies[0]


def test_personal_columns_may_be_masked_so_that_it_stays_known_whether_they_were_given(queue: Queue) -> None:
    given = {**INPUTS, "plane__passenger_age": 7, "Passenger": None}
    (event,) = sent(queue, [given], personal=["passenger"], hidden="mask")
    assert event["inputs"] == {
        "carrier": "UA",
        "passenger": "***",
        "Passenger": None,
        "plane__Passenger": "***",
        "plane__seats": None,
        "plane__passenger_age": 7,
    }
    assert "canary" not in queue.bodies[0]


def test_a_repeated_request_gives_the_same_event_and_another_answer_another(queue: Queue) -> None:
    sender = Capture(sqs=queue, queue="queue", line="flights")
    changes: list[dict[str, Any]] = [{}, {"at": "2013-08-15T10:30:09+00:00"}, {"score": 0.26}, {"model_version": 4}]
    sender.send([{**RECORD, **change} for change in changes], [INPUTS] * 4, None)
    sender.send([RECORD], [dict(reversed(INPUTS.items()))], None)
    sender.send([RECORD], [{**INPUTS, "carrier": "DL"}], None)
    ids = [event["event_id"] for event in queue.events]
    assert all(len(found) == 32 for found in ids)
    assert (ids[0] == ids[1] == ids[4], len(set(ids))) == (True, 4)


def test_numbers_that_json_does_not_know_are_missing(queue: Queue) -> None:
    (event,) = sent(queue, [{"seats": float("nan"), "speed": float("inf"), "age": 1.5}])
    assert event["inputs"] == {"seats": None, "speed": None, "age": 1.5}


@pytest.mark.parametrize("size", [1, 500, 3_000, 90_000])
def test_messages_keep_within_the_limits_and_lose_no_event(queue: Queue, size: int) -> None:
    rows = [{"text": f"{i:03}" + "ä" * (size // 6)} for i in range(100)]
    assert [event["inputs"] for event in sent(queue, rows)] == rows
    assert max(len(body.encode()) for body in queue.bodies) <= capture.LARGEST_MESSAGE
    assert all(len(json.loads(body)["events"]) <= capture.MOST_EVENTS for body in queue.bodies)
    if size < 1_000:
        assert len(queue.bodies) == 1


def test_a_row_that_no_message_can_carry_is_captured_without_it(queue: Queue) -> None:
    first, second = sent(queue, [{"text": "x" * 300_000}, {"text": "y"}])
    assert (first["inputs"], second["inputs"]) == ({}, {"text": "y"})
    assert first["prediction"] == RECORD


@pytest.mark.parametrize("fault", ["after", "throttled"])
def test_an_event_that_cannot_be_sent_is_told_without_what_is_in_it(aws: Aws, fault: Any) -> None:
    sqs = aws.client("sqs")
    queue = aws.queue()
    sender = Capture(sqs=sqs, queue=queue, line="flights")
    Faults(at=0, fault=fault).on(sqs)
    with pytest.raises(Refused, match=r"^the prediction of line 'flights' cannot be captured now \(\w+\): try") as told:
        sender.send([RECORD], [INPUTS], None)
    assert told.value.status == 503
    assert "canary" not in str(told.value)
    replace(sender, sqs=aws.client("sqs")).send([RECORD], [INPUTS], None)
    ids = {json.loads(body)["events"][0]["event_id"] for body in aws.messages(queue)}
    assert len(ids) == 1  # a repetition, whose id is the same


def test_an_event_costs_little(queue: Queue) -> None:
    rows = [{f"view_{i % 5}__column_{i}": i * 1.37 if i % 3 else f"text {i}" for i in range(30)} for _ in range(100)]
    sender = Capture(sqs=queue, queue="queue", line="flights", personal=["column_3", "column_8"])
    best = min(_seconds(lambda: sender.send([RECORD] * 100, rows, 1.5)) for _ in range(20))
    assert best / 100 < 100e-6


def _seconds(work: Any) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
