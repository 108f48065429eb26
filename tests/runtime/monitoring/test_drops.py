"""Files of labels become messages; a line that is no label is told of by its number and stops no other."""

import json
from typing import Any

import pytest

from runtime.monitoring import drops, labels
from tests.lambdas.processes import call
from tests.moto_server import Aws


class Dropped:
    """A raw bucket with files, and the queue that their labels are sent to."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.bucket = aws, aws.bucket()
        _, self.queue = aws.topic()

    def send(self, name: str, body: bytes, task: Any = "binary") -> drops.Dropped:
        key = drops.prefix("flights") + name
        self.aws.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        s3, sqs = self.aws.client("s3"), self.aws.client("sqs")
        return drops.send(s3=s3, sqs=sqs, bucket=self.bucket, key=key, queue=self.queue, line="flights", task=task)

    def labels(self) -> list[Any]:
        bodies = [json.loads(body)["labels"] for body in self.aws.messages(self.queue)]
        return sorted((one for body in bodies for one in body), key=json.dumps)


@pytest.fixture
def dropped(aws: Aws) -> Dropped:
    return Dropped(aws)


def test_json_lines_are_sent_and_a_bad_one_is_told_by_its_number(dropped: Dropped) -> None:
    good = {"prediction_id": "flights:UA-1:2013-08-15", "label": 1, "known_at": "2013-08-16T00:00:00Z"}
    lines = [
        json.dumps(good),
        "",
        "{",
        "3",
        json.dumps({"id": "UA-2", "label": 2}),
        json.dumps({"id": "x", "label": 0}),
    ]

    told = dropped.send("a+b c.jsonl", "\n".join(lines).encode())

    assert (told.sent, told.messages) == (2, 1)
    assert told.wrong == {3: "the line is not JSON", 4: "the line is not a JSON object", 5: "label is not 0 or 1"}
    assert dropped.labels() == [{"id": "x", "label": 0}, good]


def test_csv_has_a_header_and_an_empty_field_says_nothing(dropped: Dropped) -> None:
    rows = ["id,label,time,outcome,note", "UA-1,1,2013-08-15T10:00:00Z,2.5,x", "UA-2,1.0,,,", "UA-3,,,,", "UA-4,1"]

    told = dropped.send("day.CSV", ("\ufeff" + "\n".join([*rows, "UA-5,yes,,,"])).encode())

    assert told.wrong == {
        4: "label is not 0 or 1",
        5: "2 fields, expected 5 as in the header",
        6: "label is not a number",
    }
    assert dropped.labels() == [
        {"id": "UA-1", "time": "2013-08-15T10:00:00Z", "label": 1, "outcome": 2.5},
        {"id": "UA-2", "label": 1},
    ]


@pytest.mark.parametrize(
    ("name", "body", "wrong"),
    [
        ("a.csv", b"id,outcome\nUA-1,1\n", "the header names no label, or neither prediction_id nor id"),
        ("a.csv", b"", "the header names no label, or neither prediction_id nor id"),
        ("a.xlsx", b"PK", "the file's name ends in none of .jsonl, .ndjson, .json and .csv"),
        ("a.jsonl", b"\xff\xfe{}", "the line is not JSON"),
    ],
)
def test_a_file_that_is_none_is_told_of_as_a_whole(dropped: Dropped, name: str, body: bytes, wrong: str) -> None:
    told = dropped.send(name, body)

    assert (told.sent, told.messages, told.wrong) == (0, 0, {1: wrong})


def test_many_lines_become_messages_of_a_hundred_and_many_bad_ones_are_counted(dropped: Dropped) -> None:
    rows = [f"UA-{number},{number % 3}" for number in range(450)]  # each third is no label

    told = dropped.send("a.csv", "\n".join(["id,label", *rows]).encode())

    assert (told.sent, told.messages) == (300, 3)
    assert (len(told.wrong), told.more_wrong) == (drops.MOST_TOLD, 50)
    assert len(dropped.labels()) == 300


def test_long_labels_make_more_messages_than_a_queue_could_not_hold(aws: Aws) -> None:
    _, queue = aws.topic()
    given = [{"id": "x" * 1000, "label": 1, "note": "y" * 5000}] * 100

    assert labels.send(aws.client("sqs"), queue, given) == 4
    assert sum(len(json.loads(body)["labels"]) for body in aws.messages(queue)) == 100


def test_labels_are_accepted_all_or_none(aws: Aws) -> None:
    _, queue = aws.topic()
    good = {"id": "UA-1", "label": 1}

    wrong = labels.accept(aws.client("sqs"), queue, "flights", "binary", [good, {"id": "UA-2"}])
    assert wrong == ["labels[1]: label is not 0 or 1"]
    assert aws.messages(queue) == []
    assert labels.accept(aws.client("sqs"), queue, "flights", "binary", [good]) == []
    assert len(aws.messages(queue)) == 1


@pytest.mark.parametrize(
    "event",
    [
        {"detail": {"object": {"key": "ground_truth/flights/a b+ü.jsonl"}}},
        {"Records": [{"s3": {"object": {"key": "ground_truth/flights/a+b%2B%C3%BC.jsonl"}}}]},
    ],
)
def test_the_handler_knows_a_key_in_both_of_its_forms(dropped: Dropped, event: Any) -> None:
    body = json.dumps({"id": "canary-4711", "label": 1}) + '\n{"id": "canary-4711"}'
    key = "ground_truth/flights/a b+ü.jsonl"
    dropped.aws.client("s3").put_object(Bucket=dropped.bucket, Key=key, Body=body.encode())

    called = call(
        "lambdas.monitoring.ground_truth_file",
        event,
        dropped.aws.environment(RAW_BUCKET=dropped.bucket, QUEUE=dropped.queue, TASK="binary", LINE="flights"),
    )

    assert called.answer == {"sent": 1, "messages": 1, "wrong": 1}, called.error
    assert [line["number"] for line in called.log if "number" in line] == [2]
    assert "canary" not in json.dumps(called.log)
    assert called.metrics == {("flights",): {"GroundTruthRefused": [1.0]}}
