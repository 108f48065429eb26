import json
from typing import Any

import pytest

from config.metrics import Task
from runtime.delivery import labels
from runtime.delivery.proxy import Refused
from tests.moto_server import Aws, Faults

GOOD: dict[str, Any] = {"prediction_id": "flights:UA-1:2013-08-15", "label": 1}


def check(given: Any, task: Task = "binary") -> list[Any]:
    return list(labels.check(given, line="flights", task=task))


def test_one_label_or_many_are_taken() -> None:
    full = {
        **{"id": "UA-1", "label": 0, "time": "2013-08-15T10:30:00Z"},
        **{"known_at": "2013-08-16T00:00:00+02:00", "outcome": -12.5},
    }
    assert check(GOOD) == [GOOD]
    assert check({"labels": [GOOD, full]}) == [GOOD, full]
    assert check({**GOOD, "prediction_id": "flights:a:b\nc:2016-02-29"}) == [
        {"prediction_id": "flights:a:b\nc:2016-02-29", "label": 1}
    ]


def test_a_number_that_no_store_holds_is_zero() -> None:
    assert check({"id": "1", "label": 1e-300, "outcome": -1e-300}, "regression") == [
        {"id": "1", "label": 0, "outcome": 0}
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "label: missing: add it"),
        (
            {**GOOD, "lable": 1},
            "lable: unknown field, expected some of prediction_id, id, time, label, known_at, outcome",
        ),
        ({**GOOD, "label": 2}, "label: expected 0 or 1"),
        ({**GOOD, "label": True}, "label: expected 0 or 1"),
        ({**GOOD, "label": None}, "label: expected 0 or 1"),
        ({"label": 1}, "prediction_id: missing, and so is id: add one of them"),
        ({**GOOD, "prediction_id": "shop:1:2013-08-15"}, "prediction_id: expected flights:<id>:<date>"),
        ({**GOOD, "prediction_id": "flights:1:2013-02-30"}, "prediction_id: expected flights:<id>:<date>"),
        ({**GOOD, "prediction_id": 7}, "prediction_id: expected flights:<id>:<date>"),
        ({**GOOD, "id": ""}, "id: expected text of 1 to 1024 characters"),
        ({**GOOD, "id": 7}, "id: expected text of 1 to 1024 characters"),
        ({**GOOD, "time": "yesterday"}, "time: expected a moment in ISO 8601"),
        ({**GOOD, "known_at": 7}, "known_at: expected a moment in ISO 8601"),
        ({**GOOD, "outcome": "much"}, "outcome: expected a finite number"),
        ({**GOOD, "outcome": 10**400}, "outcome: expected a finite number"),
        ({"labels": []}, "labels: expected a list of 1 to 100 objects, and nothing beside it"),
        ({"labels": [GOOD] * 101}, "labels: expected a list of 1 to 100 objects, and nothing beside it"),
        ({"labels": [GOOD], "label": 1}, "labels: expected a list of 1 to 100 objects, and nothing beside it"),
        ({"labels": [GOOD, 7]}, "labels[1]: expected an object with label and prediction_id or id"),
        ({"labels": [GOOD, {**GOOD, "label": 7}]}, "labels[1].label: expected 0 or 1"),
    ],
)
def test_a_label_that_is_at_fault_is_told_with_its_place(given: Any, message: str) -> None:
    with pytest.raises(Refused) as refused:
        check(given)
    assert (refused.value.status, str(refused.value)[: len(message)]) == (400, message)


@pytest.mark.parametrize("label", [True, "1", None, 10**400, 1e300])
def test_the_label_of_a_regression_is_a_finite_number(label: Any) -> None:
    with pytest.raises(Refused, match=r"^label: expected a finite number"):
        check({**GOOD, "label": label}, "regression")


def test_labels_are_accepted_once_they_are_in_the_queue(aws: Aws) -> None:
    queue = aws.queue()
    labels.send(aws.client("sqs"), queue, [GOOD], line="flights")
    labels.send(aws.client("sqs"), queue, [GOOD, GOOD], line="flights")
    assert [json.loads(body) for body in aws.messages(queue)] == [GOOD, {"labels": [GOOD, GOOD]}]


def test_labels_that_could_not_be_queued_are_told_without_a_value(aws: Aws) -> None:
    sqs = aws.client("sqs")
    Faults(at=0, fault="throttled").on(sqs)
    with pytest.raises(Refused) as refused:
        labels.send(sqs, aws.queue(), [{**GOOD, "id": "canary"}], line="flights")
    assert (refused.value.status, "canary" in str(refused.value)) == (503, False)
