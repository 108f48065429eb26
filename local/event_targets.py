"""Where events, alarms and schedules are delivered: a function, a state machine, a queue, a topic, a job queue.

Deliveries run in the background. One that fails is tried again; then it goes to the target's dead-letter queue, and
without one to ``aws.problems``, which the summary shows.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from botocore.exceptions import BotoCoreError, ClientError

from config.errors import LineError

if TYPE_CHECKING:
    from local.server import EmbeddedAws

WAITS = (0.2, 1.0)
"""Seconds before the second and third try; AWS goes on for a day."""

SERVICES = ("lambda", "states", "sqs", "sns", "batch")


@dataclass(frozen=True)
class Delivery:
    """One text for one target (as EventBridge describes it: Arn, RoleArn, SqsParameters, DeadLetterConfig ...)."""

    source: str
    """What sends it: a rule's, alarm's or schedule's ARN."""

    target: Mapping[str, Any]
    text: str
    key: str = ""
    """Names the event, so that a state machine started twice by it runs once."""

    attributes: Mapping[str, str] = field(default_factory=dict)


class Courier:
    """Delivers in background threads that end with the server."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="courier")
        self._ending = threading.Event()
        aws.on_close(self.close)

    def send(self, delivery: Delivery) -> None:
        """Deliver soon."""
        if not self._ending.is_set():
            self._aws.background.add(self._pool.submit(self._deliver, delivery))

    def close(self) -> None:
        """Deliver nothing any more."""
        self._ending.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _deliver(self, delivery: Delivery) -> None:
        for wait in (*WAITS, None):
            try:
                return deliver(self._aws, delivery)
            except (ClientError, BotoCoreError, LineError) as error:
                if self._ending.is_set():
                    return None
                if wait is None or isinstance(error, LineError):
                    return self._give_up(delivery, error)
                self._ending.wait(wait)
        return None

    def _give_up(self, delivery: Delivery, error: Exception) -> None:
        queue = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
        problem = f"{delivery.source}: nothing was delivered to {delivery.target['Arn']}: {error}"
        if not queue:
            self._aws.problems.append(problem)
            return
        told = {
            "RULE_ARN": delivery.source,
            "TARGET_ARN": delivery.target["Arn"],
            "ERROR_CODE": type(error).__name__,
            "ERROR_MESSAGE": str(error)[:1024],
        }
        try:
            deliver(self._aws, Delivery(delivery.source, {"Arn": queue}, delivery.text, attributes=told))
        except (ClientError, BotoCoreError) as failure:
            self._aws.problems.append(f"{problem}; nor to its dead-letter queue: {failure}")


_couriers: WeakKeyDictionary[EmbeddedAws, Courier] = WeakKeyDictionary()


def courier_of(aws: EmbeddedAws) -> Courier:
    """Return the one courier of a server; rules, alarms and schedules share it."""
    if aws not in _couriers:
        _couriers[aws] = Courier(aws)
    return _couriers[aws]


def deliver(aws: EmbeddedAws, delivery: Delivery) -> None:
    """Deliver now, on the target's role when it names one; raises what the service answers."""
    arn, role = delivery.target["Arn"], delivery.target.get("RoleArn")
    service = arn.split(":")[2]
    if service == "lambda":
        aws.client("lambda", role).invoke(FunctionName=arn, InvocationType="Event", Payload=delivery.text.encode())
    elif service == "states":
        _start(aws.client("stepfunctions", role), arn, delivery)
    elif service == "sqs":
        aws.client("sqs").send_message(**_message(aws, arn, delivery))
    elif service == "sns":
        aws.client("sns").publish(TopicArn=arn, Message=delivery.text)
    elif service == "batch":
        asked = delivery.target["BatchParameters"]
        aws.client("batch", role).submit_job(
            jobName=asked["JobName"], jobQueue=arn, jobDefinition=asked["JobDefinition"]
        )
    else:
        raise LineError(f"the embedded AWS delivers to {', '.join(SERVICES)}, not to {service}")


def _start(states: Any, machine: str, delivery: Delivery) -> None:
    name = (
        {"name": hashlib.sha256(f"{delivery.source} {delivery.key}".encode()).hexdigest()[:40]} if delivery.key else {}
    )
    try:
        states.start_execution(stateMachineArn=machine, input=delivery.text, **name)
    except states.exceptions.ExecutionAlreadyExists:
        return


def _message(aws: EmbeddedAws, arn: str, delivery: Delivery) -> dict[str, Any]:
    account, name = arn.split(":")[4:6]
    message: dict[str, Any] = {
        "QueueUrl": f"{aws.endpoint}/{account}/{name}",
        "MessageBody": delivery.text,
        "MessageAttributes": {
            key: {"DataType": "String", "StringValue": value} for key, value in delivery.attributes.items()
        },
    }
    if group := (delivery.target.get("SqsParameters") or {}).get("MessageGroupId"):
        message |= {"MessageGroupId": group}
        message |= {"MessageDeduplicationId": delivery.key} if delivery.key else {}
    return message


def text_of(value: Any) -> str:
    """Return what is delivered as JSON text.

    >>> text_of({"at": "2013-08-15T00:00:00Z"})
    '{"at": "2013-08-15T00:00:00Z"}'
    """
    return json.dumps(value, default=str)
