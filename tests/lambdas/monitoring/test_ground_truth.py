import json
from dataclasses import dataclass
from typing import Any

from runtime.delivery import lookup
from runtime.monitoring import windows
from runtime.monitoring.store import Store
from tests.lambdas.processes import Called, call
from tests.moto_server import Aws
from tests.runtime.delivery.deliveries import record

CANARY = "canary-4711"


@dataclass(frozen=True)
class Sent:
    """What the handler did with messages, and what it left in its tables and in its dead-letter queue."""

    called: Called
    store: Store
    aside: list[tuple[str, str]]
    """Body and reason of each message that was put aside."""


def send(aws: Aws, bodies: list[str], task: Any = "binary") -> Sent:
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName=f"aside-{aws.bucket()[-8:]}")["QueueUrl"]
    store = Store(aws.client("dynamodb"), aws.table("prediction_key"), aws.table("window", "part"), "flights", task)
    lookup.put(store.dynamodb, store.predictions, [record(number, score=number / 10) for number in range(10)])
    called = call(
        "lambdas.monitoring.ground_truth",
        {"Records": [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]},
        aws.environment(
            PREDICTIONS_TABLE=store.predictions,
            WINDOWS_TABLE=store.windows,
            DEAD_LETTERS=queue,
            TASK=task,
            WINDOW_HOURS="24",
            WINDOW_COUNT="0",
            KEEP_DAYS="90",
            LINE="flights",
        ),
    )
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    aside = [(one["Body"], one["MessageAttributes"]["reason"]["StringValue"]) for one in found.get("Messages", [])]
    return Sent(called, store, sorted(aside))


def truth(number: int, label: float) -> str:
    return json.dumps({"prediction_id": f"flights:UA-{number}:2013-08-15", "label": label})


def test_poison_is_put_aside_with_its_reason_and_no_good_message_is(aws: Aws) -> None:
    bodies = [truth(3, 1), f'{{"id": "{CANARY}"', truth(99, 1), truth(4, 0), json.dumps({"id": CANARY, "label": 9})]
    sent = send(aws, bodies)

    assert sent.called.answer == {"batchItemFailures": []}
    assert sent.aside == sorted([(bodies[1], "the body is not JSON"), (bodies[4], "label is not 0 or 1")])
    assert windows.read(sent.store, "2013-08-15T00:00Z").counters[""]["n"] == 2
    assert CANARY not in json.dumps(sent.called.log) + sent.called.error


def test_it_emits_how_many_joined_and_how_many_were_put_aside(aws: Aws) -> None:
    sent = send(aws, [truth(9, 1), truth(3, 0), truth(4, 0), "poison"])

    assert sent.called.metrics == {("flights",): {"GroundTruthJoined": [3.0], "GroundTruthRefused": [1.0]}}


def test_errors_of_a_regression_are_counted(aws: Aws) -> None:
    sent = send(aws, [truth(9, 2.9), truth(3, 2.3)], task="regression")

    assert windows.read(sent.store, "2013-08-15T00:00Z").counters == {"": {"n": 2, "under_35": 2}}
