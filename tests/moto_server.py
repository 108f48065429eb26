"""A real moto server for tests of code that talks to AWS, with faults that strike the calls of one client."""

from __future__ import annotations

import functools
import json
import logging
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.responses import S3Response

from local import queue_speed, quick_items, quick_queries, read_once, transactions
from local.conditional_puts import one_at_a_time
from local.http_server import HttpServer
from local.patches import Patches
from runtime import projection

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}

Fault = Literal["before", "after", "throttled"]
FAULTS: tuple[Fault, ...] = ("before", "after", "throttled")


class CrashError(Exception):
    """The process died before the call."""


@dataclass(frozen=True)
class Aws:
    """A server and what tests need of it; every name that it gives is new."""

    endpoint: str

    def client(self, service: str) -> Any:
        """Return a client that never tries again, so that a fault is seen."""
        make: Any = boto3.client  # its stubs know services by their literal names only
        return make(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def plain(self, service: str) -> Any:
        """Return a client that is shared, for who puts nothing into its way: each new one costs some milliseconds."""
        return _plain(self, service)

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the environment variables of a function that is told ``variables``."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint, **variables}

    def bucket(self) -> str:
        name = _new("bucket")
        self.plain("s3").create_bucket(Bucket=name)
        return name

    def table(self, *keys: str) -> str:
        """Create a table with a partition key and, if given, a sort key; both are text."""
        name = _new("table")
        self.plain("dynamodb").create_table(
            TableName=name,
            KeySchema=_schema(*keys),
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def ledger(self) -> str:
        """Create a ledger's table."""
        name = _new("ledger")
        create_ledger(self.plain("dynamodb"), name)
        return name

    def queue(self) -> str:
        """Create a queue; return its URL."""
        url: str = self.plain("sqs").create_queue(QueueName=_new("queue"))["QueueUrl"]
        return url

    def topic(self) -> tuple[str, str]:
        """Create a topic and a queue that receives the bare messages; return the topic's ARN and the queue's URL."""
        sns, sqs = self.plain("sns"), self.plain("sqs")
        topic = sns.create_topic(Name=_new("topic"))["TopicArn"]
        queue = sqs.create_queue(QueueName=_new("queue"))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        return topic, queue

    def bus(self, pattern: dict[str, Any] | None = None) -> tuple[str, str]:
        """Create a bus and a queue that gets its events (of the pattern); return the bus's name and the queue's URL."""
        events, sqs = self.plain("events"), self.plain("sqs")
        bus, rule = _new("bus"), _new("rule")
        events.create_event_bus(Name=bus)
        queue = sqs.create_queue(QueueName=_new("queue"))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps(pattern or {"source": [{"prefix": ""}]}))
        events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
        return bus, queue

    def messages(self, queue: str) -> list[str]:
        """Take every message from a queue; return the bodies."""
        sqs, found = self.plain("sqs"), []
        while batch := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            found += [message["Body"] for message in batch]
            for message in batch:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found


@functools.cache
def _plain(aws: Aws, service: str) -> Any:
    return aws.client(service)


@dataclass
class Faults:
    """Strikes the call number ``at`` (from 0) among those that a client makes, in one of three ways."""

    at: int
    fault: Fault
    calls: list[str] = field(default_factory=list)

    def on(self, *clients: Any) -> None:
        for client in clients:
            client.meta.events.register_first("before-call.*", self._before)
            client.meta.events.register_first("before-send.*", self._send)
            client.meta.events.register_last("after-call.*", self._after)

    def _before(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)
        if self._struck("before"):
            raise CrashError(model.name)

    def _send(self, request: Any, **_: Any) -> AWSResponse | None:
        return throttled_answer(request) if self._struck("throttled") else None

    def _after(self, **_: Any) -> None:
        if self._struck("after"):
            raise ReadTimeoutError(endpoint_url="moto")

    def _struck(self, fault: Fault) -> bool:
        return self.fault == fault and len(self.calls) - 1 == self.at


def throttled_answer(request: Any) -> AWSResponse:
    """Return how a service that throttles answers a request."""
    if "X-Amz-Target" in request.headers:
        return _Answer(request.url, 400, b'{"__type": "ThrottlingException", "message": "slow down"}')
    told = b"<Error><Code>ThrottlingException</Code><Message>slow down</Message></Error>"
    if "Action=" in str(request.body):
        told = b"<ErrorResponse>" + told + b"</ErrorResponse>"
    return _Answer(request.url, 400, told)


class _Answer(AWSResponse):
    """An answer that never came over the wire."""

    def __init__(self, url: str, status: int, body: bytes) -> None:
        super().__init__(url, status, HTTPHeaders(), None)
        self._content = body


@dataclass(frozen=True)
class Scenario:
    """Work to be struck, on a world of its own: ``work`` gets its clients, ``check`` asserts what must hold then."""

    services: tuple[str, ...]
    work: Callable[..., object]
    check: Callable[[], None]


def converge(aws: Aws, scenario: Callable[[], Scenario]) -> list[str]:
    """Strike each call of the work in each way, let it run again, and check; return the calls that were struck.

    A second run that fails, or a world that is not as ``check`` wants it, fails the test.
    """
    struck: list[str] = []
    while True:
        for fault in FAULTS:
            world, faults = scenario(), Faults(at=len(struck), fault=fault)
            clients = [aws.client(service) for service in world.services]
            faults.on(*clients)
            with suppress(Exception):  # whatever the fault became, the second run must mend it
                world.work(*clients)
            world.work(*[aws.plain(service) for service in world.services])
            world.check()
        if len(faults.calls) <= len(struck):
            return struck
        struck.append(faults.calls[len(struck)])


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """A moto server for the whole session."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    patches = Patches()
    for seam in (read_once, queue_speed, transactions, quick_items, quick_queries):
        seam.replace(patches)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    server = HttpServer(listener, DomainDispatcherApplication(create_backend_app), print)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(S3Response, "put_object", one_at_a_time())
        yield Aws(endpoint=f"http://127.0.0.1:{listener.getsockname()[1]}")
    patches.undo()
    server.close()
    listener.close()


def create_ledger(dynamodb: Any, name: str) -> None:
    """Create a ledger's table: its keys, and the index that lists records."""
    keys = ("pk", "sk", projection.LISTED, projection.AT)
    index = {"IndexName": projection.INDEX, "KeySchema": _schema(projection.LISTED, projection.AT)}
    dynamodb.create_table(
        TableName=name,
        KeySchema=_schema("pk", "sk"),
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        GlobalSecondaryIndexes=[{**index, "Projection": {"ProjectionType": "ALL"}}],
        BillingMode="PAY_PER_REQUEST",
    )


def _schema(*keys: str) -> list[dict[str, str]]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


def _new(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}"
