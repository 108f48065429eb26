"""The world around a line after a run: it asks for a prediction, tells what became of the examples, and looks on."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.site import Site
from runtime import performance
from runtime.monitoring import windows
from runtime.monitoring.store import Store
from runtime.performance import Performance

_BATCH = 10  # SQS takes no more at once
_SECONDS_FOR_JOINING = 60.0
_SECONDS_WITHOUT_PROGRESS = 8.0
_QUEUE = "ConsumerQueueUrl"


@dataclass(frozen=True)
class Answer:
    """What the REST channel answered to one signed request."""

    status: int
    body: Any


@dataclass(frozen=True)
class World:
    """What came back: messages put into each consumer's queue, an answer, and how the joined ground truth looks."""

    queues: dict[str, int] = field(default_factory=dict)
    answer: Answer | None = None
    told: int = 0
    performance: Performance | None = None
    alarms: dict[str, str] = field(default_factory=dict)


def waiting(site: Site, outputs: Mapping[str, str]) -> dict[str, int]:
    """Return how many messages wait in each consumer's queue; nothing is taken from them."""
    sqs = site.client("sqs")
    queues = {name.removeprefix(_QUEUE): url for name, url in outputs.items() if name.startswith(_QUEUE)}
    return {consumer: _messages(sqs, url) for consumer, url in queues.items()}


def ask(site: Site, outputs: Mapping[str, str], request: Mapping[str, Any]) -> Answer | None:
    """POST one request to the REST channel, signed as an AWS client signs; None when the line has no such channel."""
    if "RestUrl" not in outputs:
        return None
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.httpsession import URLLib3Session

    signed = AWSRequest(
        method="POST",
        url=predictions_url(outputs),
        data=json.dumps(request),
        headers={"Content-Type": "application/json"},
    )
    SigV4Auth(Credentials("test", "test"), "execute-api", site.region).add_auth(signed)
    session = URLLib3Session()
    try:
        answer = session.send(signed.prepare())
        return Answer(status=answer.status_code, body=_decoded(answer.content))
    finally:
        session.close()


def predictions_url(outputs: Mapping[str, str]) -> str:
    """Return where the REST channel takes requests."""
    return f"{outputs['RestUrl'].rstrip('/')}/predictions"


@dataclass(frozen=True)
class Scored:
    """What a run scored: the line's windows, from a moment on, for some hours."""

    store: Store
    since: dt.datetime
    hours: int


def tell(site: Site, outputs: Mapping[str, str], truths: Sequence[Mapping[str, Any]], scored: Scored) -> int:
    """Send the ground truth and wait until it is joined; returns how many were sent.

    It stops waiting when the queue is empty, when nothing joins any more, or at a deadline: what could not be joined
    stays in the queue, as it would on AWS.
    """
    sqs, url = site.client("sqs"), outputs["GroundTruthQueueUrl"]
    for first in range(0, len(truths), _BATCH):
        entries = [
            {"Id": str(number), "MessageBody": json.dumps(truth, default=str)}
            for number, truth in enumerate(truths[first : first + _BATCH])
        ]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    deadline = time.monotonic() + _SECONDS_FOR_JOINING
    seen, last_progress = -1, time.monotonic()
    while time.monotonic() < min(deadline, last_progress + _SECONDS_WITHOUT_PROGRESS):
        if _messages(sqs, url) == 0:
            break
        joined = joined_in(scored)
        if joined is not None and joined.n != seen:
            seen, last_progress = joined.n, time.monotonic()
        time.sleep(0.2)
    return len(truths)


def joined_in(scored: Scored) -> Performance | None:
    """Return the performance of what a run scored, from the ground truth that has joined."""
    counters = windows.joined(scored.store, scored.since, scored.hours)
    return performance.measure(counters[""], scored.store.task) if "" in counters else None


def alarm_states(site: Site) -> dict[str, str]:
    """Let the alarms look at their metrics and return each one's state."""
    site.evaluate_alarms()
    pages = site.client("cloudwatch").get_paginator("describe_alarms").paginate()
    return {alarm["AlarmName"]: alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]}


def _messages(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
