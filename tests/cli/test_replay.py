"""What a replay sends, day by day, to real queues; and what it refuses to begin."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.ending import UsageError
from cli.replay_past import Stretch
from cli.replay_rows import _Writer, chosen, file_of
from cli.replay_stream import Stream
from config.line import Line
from config.loading import load_bundle
from local.server import EmbeddedAws
from tests.local.embedded import wait_for

DAY = dt.datetime(2013, 8, 15, tzinfo=dt.UTC)
NEXT = DAY + dt.timedelta(days=1)


@dataclass
class Place:
    """The embedded AWS as a replay uses it, with an endpoint that answers what the rows themselves say."""

    aws: EmbeddedAws
    asked: list[int] = field(default_factory=list)

    def client(self, service: str) -> Any:
        return self if service == "sagemaker-runtime" else self.aws.client(service)

    def problems(self) -> list[str]:
        return []

    def invoke_endpoint(self, *, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803 (as boto3 has it)
        rows = json.loads(Body)["instances"]
        self.asked.append(len(rows))
        body = json.dumps({"predictions": [{"score": row["distance"] / 1e4} for row in rows], "model_version": 3})
        return {"Body": _Read(body.encode())}


class _Read(bytes):
    def read(self) -> bytes:
        return self


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def line() -> Line:
    definition: Line = load_bundle("flights").definition.model_copy(update={"personal": ["tailnum"]})
    return definition


@pytest.fixture
def queues(aws: EmbeddedAws) -> Iterator[dict[str, str]]:
    sqs = aws.client("sqs")
    made = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("CaptureQueueUrl", "GroundTruthQueueUrl")}
    yield made | {"EndpointName": "flights"}
    for url in made.values():
        sqs.delete_queue(QueueUrl=url)


def stream(aws: EmbeddedAws, line: Line, queues: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Stream:
    monkeypatch.setattr(Stream, "_settle", lambda self: None)  # nobody empties these queues
    place: Any = Place(aws)
    return Stream(site=place, outputs=queues, line=line)


def row(number: int, *, known: dt.timedelta | None = dt.timedelta(hours=2), label: int | None = 1) -> dict[str, Any]:
    at = DAY + dt.timedelta(minutes=number)
    return {
        "id": f"UA{number}",
        "event_time": at.isoformat(),
        "label": label,
        "known_at": (at + known).isoformat() if known else None,
        "inputs": {"distance": number, "carrier": "UA", "tailnum": "N12345", "plane__tailnum": "N12345"},
    }


def bodies(aws: EmbeddedAws, url: str) -> list[dict[str, Any]]:
    sqs, found = aws.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
    return found


def test_a_day_is_scored_in_batches_and_captured_without_personal_values(
    aws: EmbeddedAws, line: Line, queues: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = stream(aws, line, queues, monkeypatch)
    sent.day([row(number) for number in range(620)], NEXT)
    messages = bodies(aws, queues["CaptureQueueUrl"])
    events = [event for message in messages for event in message["events"]]
    assert (sent.predictions, len(events), len({event["event_id"] for event in events})) == (620, 620, 620)
    assert all(len(message["events"]) <= 100 for message in messages)
    assert "N12345" not in json.dumps(messages)
    first = next(event for event in events if event["prediction"]["id"] == "UA7")
    assert first["inputs"] == {"distance": 7, "carrier": "UA"}
    assert first["prediction"] | {"score": 0.0007} == first["prediction"]
    assert (first["prediction"]["prediction_id"], first["prediction"]["model_version"]) == ("flights:UA7:2013-08-15", 3)


def test_labels_are_told_on_the_day_on_which_they_were_known(
    aws: EmbeddedAws, line: Line, queues: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = stream(aws, line, queues, monkeypatch)
    late = dt.timedelta(days=1)
    sent.day([row(1), row(2, known=late), row(3, label=None), row(4, known=None, label=0)], NEXT)
    told = [label for body in bodies(aws, queues["GroundTruthQueueUrl"]) for label in body["labels"]]
    assert [(label["prediction_id"], label["label"]) for label in told] == [
        ("flights:UA1:2013-08-15", 1),
        ("flights:UA4:2013-08-15", 0),
    ]
    assert told[0]["known_at"] == "2013-08-15T02:01:00+00:00"
    sent.day([], NEXT + late)
    told = [label for body in bodies(aws, queues["GroundTruthQueueUrl"]) for label in body["labels"]]
    assert [label["prediction_id"] for label in told] == ["flights:UA2:2013-08-15"]
    assert sent.labels == 3


def test_the_same_day_again_sends_the_same_events(
    aws: EmbeddedAws, line: Line, queues: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for _ in range(2):
        stream(aws, line, queues, monkeypatch).day([row(number) for number in range(5)], NEXT)
        seen.append({event["event_id"] for body in bodies(aws, queues["CaptureQueueUrl"]) for event in body["events"]})
    assert seen[0] == seen[1]


def test_it_waits_until_the_queues_are_empty(aws: EmbeddedAws, line: Line, queues: dict[str, str]) -> None:
    place: Any = Place(aws)
    sent = Stream(site=place, outputs=queues, line=line)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(sent.day, [row(1)], NEXT)
        sqs = aws.client("sqs")
        for url in (queues["CaptureQueueUrl"], queues["GroundTruthQueueUrl"]):
            (message,) = wait_for(lambda url=url: sqs.receive_message(QueueUrl=url).get("Messages"))  # type: ignore[misc]
            assert not done.done()  # it is being handled
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        done.result(timeout=20)


@pytest.mark.parametrize(
    ("first", "last", "sample", "speed", "told"),
    [
        ("2013-08-15", "2013-08-14", 1.0, "max", "--from: 2013-08-15 is after --to 2013-08-14"),
        ("soon", "2013-08-14", 1.0, "max", "--from: 'soon' is not a moment"),
        ("2013-08-14", "2013-08-14", 0.0, "max", "--sample: 0 is no share"),
        ("2013-08-14", "2013-08-14", 1.5, "max", "--sample: 1.5 is no share"),
        ("2013-08-14", "2013-08-14", 1.0, "fast", "--speed: 'fast' is no speed"),
        ("2013-08-14", "2013-08-14", 1.0, "nan", "--speed: 'nan' is no speed"),
    ],
)
def test_what_cannot_be_replayed_is_told(first: str, last: str, sample: float, speed: str, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        Stretch.of(first, last, sample, speed)
    assert str(refused.value).startswith(told)


def test_a_stretch_is_whole_days_the_last_one_included() -> None:
    stretch = Stretch.of("2013-08-15T13:00:00Z", "2013-08-16", 1.0, "86400")
    assert (stretch.first, stretch.days, stretch.speed) == (DAY, 2, 86400)


def test_a_day_without_rows_has_a_file_of_its_own(tmp_path: Path) -> None:
    writer = _Writer(tmp_path, DAY.date(), DAY.date() + dt.timedelta(days=3))
    writer.add(DAY + dt.timedelta(days=1, hours=5), {"id": "a"})
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["2013-08-15.jsonl"]  # the next may get more rows
    writer.close()
    assert [file_of(tmp_path, DAY.date() + dt.timedelta(days=n)).read_text() for n in range(3)] == [
        "",
        '{"id": "a"}\n',
        "",
    ]


def test_a_sample_is_the_same_each_time_and_about_its_share() -> None:
    ids = [f"UA{number}" for number in range(4000)]
    taken = [id_ for id_ in ids if chosen(id_, 0.25)]
    assert 880 < len(taken) < 1120
    assert set(taken) <= {id_ for id_ in ids if chosen(id_, 0.5)}
