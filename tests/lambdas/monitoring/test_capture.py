import json
from typing import Any

import pytest

from tests.lambdas.processes import Called, call
from tests.moto_server import Aws
from tests.runtime.monitoring.captured import body, event


def handle(aws: Aws, bodies: dict[str, str], *, lake: str, letters: str) -> Called:
    tables = {"PREDICTIONS_TABLE": aws.table("prediction_key"), "WINDOWS_TABLE": aws.table("window", "part")}
    records = [{"messageId": message, "body": text} for message, text in bodies.items()]
    return call(
        "lambdas.monitoring.capture",
        {"Records": records},
        aws.environment(
            **{"LAKE_BUCKET": lake, "DEAD_LETTERS": letters, "LINE": "flights", "INPUTS": "1", "TASK": "binary"},
            **{
                "MODELS_BUCKET": lake,
                "LEDGER_TABLE": aws.table("pk", "sk"),
                "WINDOW_HOURS": "24",
                "WINDOW_COUNT": "0",
                "KEEP_DAYS": "90",
            },
            **{"SLICES": "[]", **tables},
        ),
    )


@pytest.fixture
def lake(aws: Aws) -> str:
    return aws.bucket()


def letters_in(aws: Aws, queue: str) -> dict[str, str]:
    """Return the reasons in a dead-letter queue, by body."""
    found = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return {one["Body"]: one["MessageAttributes"]["reason"]["StringValue"] for one in found.get("Messages", [])}


def test_good_events_are_kept_and_poison_is_put_aside_with_its_reason(aws: Aws, lake: str) -> None:
    queue = aws.queue()
    bodies = {
        "good": body([event(1), event(2)]),
        "bad": '{"canary": NaN}',
        "partly": body([event(3), {"event_id": "canary"}]),
        "large": "canary" + "x" * 300_000,
        "theirs": body([event(4)], line="canary"),
    }
    called = handle(aws, bodies, lake=lake, letters=queue)
    assert called.answer == {"batchItemFailures": []}
    (item,) = aws.client("s3").list_objects_v2(Bucket=lake)["Contents"]
    text = aws.client("s3").get_object(Bucket=lake, Key=item["Key"])["Body"].read().decode()
    assert sorted(json.loads(line)["id"] for line in text.splitlines()) == ["UA-1", "UA-2", "UA-3"]
    assert letters_in(aws, queue) == {
        bodies["bad"]: "the body is not JSON (which has no NaN or Infinity)",
        bodies["partly"]: "events[1].event_id is not 32 hexadecimal digits",
        bodies["large"]: "the body has more than 262144 characters",
        bodies["theirs"]: "line is not this line",
    }
    assert "canary" not in json.dumps(called.log) + called.error


def test_poison_that_cannot_be_put_aside_comes_again_and_the_good_ones_do_not(aws: Aws, lake: str) -> None:
    bodies: dict[str, Any] = {"good": body([event(1)]), "bad": "canary"}
    called = handle(aws, bodies, lake=lake, letters=f"{aws.endpoint}/123456789012/none")
    assert called.answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert aws.client("s3").list_objects_v2(Bucket=lake)["KeyCount"] == 1
    assert "canary" not in json.dumps(called.log) + called.error


def test_a_lake_that_takes_nothing_fails_the_batch_so_that_it_comes_again(aws: Aws) -> None:
    queue = aws.queue()
    called = handle(aws, {"good": body([event(1)]), "bad": "canary"}, lake="none", letters=queue)
    assert called.answer is None
    assert aws.messages(queue) == []
