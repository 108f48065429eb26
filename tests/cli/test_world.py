from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cli.world import Scored, ask, tell, waiting
from runtime.monitoring.store import Store
from tests.moto_server import Aws


@dataclass(frozen=True)
class OneServer:
    """A site that is one moto server."""

    aws: Aws
    region: str = "us-east-1"

    @property
    def endpoint(self) -> str:
        return self.aws.endpoint

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def outputs(self, line: str) -> dict[str, str]:
        return {}

    def grants(self) -> dict[str, int]:
        return {}

    def evaluate_alarms(self) -> None:
        """There are none."""

    def problems(self) -> list[str]:
        return []

    def set_clock(self, moment: dt.datetime | None) -> None:
        """It has none."""

    def advance(self, to: dt.datetime, *, last: int | None = None, only: Sequence[str] | None = None) -> list[str]:
        return []


def test_the_messages_of_each_consumer_are_counted_and_left(aws: Aws) -> None:
    topic, queue = aws.topic()
    for _ in range(3):
        aws.client("sns").publish(TopicArn=topic, Message="prediction")
    outputs = {"ConsumerQueueUrlCrew": queue, "TopicArn": topic}
    assert [waiting(OneServer(aws), outputs) for _ in range(2)] == [{"Crew": 3}, {"Crew": 3}]


def test_every_truth_is_told_though_nobody_joins_it(aws: Aws, monkeypatch: Any) -> None:
    monkeypatch.setattr("cli.world._SECONDS_WITHOUT_PROGRESS", 0.3)
    _, queue = aws.topic()
    outputs = {"GroundTruthQueueUrl": queue}
    store = Store(aws.client("dynamodb"), "none", aws.table("window", "part"), "shop")
    scored = Scored(store, dt.datetime(2026, 4, 1, tzinfo=dt.UTC), hours=168)
    truths = [{"id": str(number), "label": 1} for number in range(23)]
    assert tell(OneServer(aws), outputs, truths, scored) == 23
    assert sorted(int(json.loads(body)["id"]) for body in aws.messages(queue)) == list(range(23))


def test_a_line_without_a_rest_channel_is_not_asked(aws: Aws) -> None:
    assert ask(OneServer(aws), {}, {"id": "1"}) is None
