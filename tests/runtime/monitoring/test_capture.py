import json
import random
from collections import Counter
from typing import Any

import pytest

from runtime.monitoring import capture
from runtime.monitoring.capture import Store
from tests.moto_server import Aws, Scenario, converge
from tests.runtime.monitoring.captured import LINE, body, event


@pytest.fixture
def store(aws: Aws) -> Store:
    return Store(s3=aws.client("s3"), lake=aws.bucket(), line=LINE, share=1)


def lines(store: Store) -> list[dict[str, Any]]:
    """Return every line under the prefix, object by object."""
    listed = store.s3.list_objects_v2(Bucket=store.lake, Prefix="captured/flights/").get("Contents", [])
    bodies = [store.s3.get_object(Bucket=store.lake, Key=item["Key"])["Body"].read() for item in listed]
    return [json.loads(line) for text in bodies for line in text.splitlines()]


def test_events_are_kept_by_day_a_line_each(store: Store) -> None:
    keys = capture.keep(store, [event(1), event(2, day="2013-08-16"), event(3)])
    assert [key.rpartition("/")[0] for key in keys] == ["captured/flights/2013-08-15", "captured/flights/2013-08-16"]
    assert sorted(line["id"] for line in lines(store)) == ["UA-1", "UA-2", "UA-3"]
    (first,) = [line for line in lines(store) if line["id"] == "UA-1"]
    assert first == {
        **event(1)["prediction"],
        "at": "2013-08-15T10:30:01.500000+00:00",
        "event_id": event(1)["event_id"],
        "inputs": event(1)["inputs"],
        "milliseconds": 12.5,
        "date": "2013-08-15",
    }


def test_inputs_are_kept_of_a_share_and_predictions_of_all(aws: Aws) -> None:
    store = Store(s3=aws.client("s3"), lake=aws.bucket(), line=LINE, share=0.25)
    capture.keep(store, [event(number) for number in range(400)])
    found = Counter(line["inputs"] is not None for line in lines(store))
    assert found.total() == 400
    assert 60 < found[True] < 140


def test_a_batch_that_comes_again_in_any_order_adds_no_object(store: Store) -> None:
    messages = {str(i): body([event(i), event(i + 1)]) for i in range(10)}
    again = list(messages.items())
    random.Random(1).shuffle(again)
    first = capture.keep(store, capture.read(messages, LINE).events)
    second = capture.keep(store, capture.read(dict(again), LINE).events)
    assert first == second
    assert len(lines(store)) == 11


def test_good_events_are_read_whatever_stands_beside_them() -> None:
    messages = {"a": body([event(1), "canary"]), "b": "canary", "c": body([event(2)]), "d": body([event(1)])}
    read = capture.read(messages, LINE)
    assert sorted(one["prediction"]["id"] for one in read.events) == ["UA-1", "UA-2"]
    assert read.poison == {
        "a": "events[1] is not an object",
        "b": "the body is not JSON (which has no NaN or Infinity)",
    }


def test_whichever_call_fails_the_next_try_keeps_each_event_once(aws: Aws) -> None:
    def scenario() -> Scenario:
        lake = aws.bucket()

        def work(s3: Any) -> None:
            store = Store(s3=s3, lake=lake, line=LINE, share=1)
            capture.keep(store, [event(1), event(2, day="2013-08-16")])

        def check() -> None:
            store = Store(s3=aws.client("s3"), lake=lake, line=LINE, share=1)
            assert sorted(line["id"] for line in lines(store)) == ["UA-1", "UA-2"]

        return Scenario(("s3",), work, check)

    assert converge(aws, scenario) == ["PutObject", "PutObject"]
