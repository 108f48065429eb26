"""What is to befall the handlers of delivery."""

from __future__ import annotations

import json

from runtime import online
from runtime.delivery import lookup
from tests.lambdas.faults import Case
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given
from tests.runtime.delivery.deliveries import record, scored

KEPT = frozenset({"seconds", "milliseconds", "version", "dirty", "expires"})
"""How long something took, how often an item was written and how long it is kept."""
MODEL = {"predictions": [{"score": 0.25}], "model_version": 3}
REQUEST = {"id": "UA-1", "event_time": "2013-08-15T10:30:00Z", "carrier": "UA", "tailnum": "N1"}


def files(aws: Inside) -> Given:
    paths, bucket = scored(aws, 3), aws.bucket()
    variables = aws.environment(LAKE_BUCKET=paths.lake, DELIVERED_BUCKET=bucket)
    return Given(variables, {"line": "flights", "run": paths.run, "channel": "files", "format": "jsonl"})


def topic(aws: Inside) -> Given:
    paths, (arn, _) = scored(aws, 12), aws.topic()
    variables = aws.environment(LAKE_BUCKET=paths.lake, TOPIC_ARN=arn)
    return Given(variables, {"line": "flights", "run": paths.run, "channel": "decisions", "topic": arn})


def rest(aws: Inside) -> Given:
    paths, table = scored(aws, 3), aws.table("prediction_key")
    variables = aws.environment(
        LAKE_BUCKET=paths.lake,
        PREDICTIONS_TABLE=table,
        WINDOWS_TABLE=aws.table("window", "part"),
        TASK="binary",
        WINDOW_HOURS="24",
        WINDOW_COUNT="0",
        KEEP_DAYS="90",
        SLICES="[]",
        LINE="flights",
    )
    return Given(variables, {"line": "flights", "run": paths.run})


def predict(aws: Inside) -> Given:
    return requested(aws, "/predictions", REQUEST)


def batch(aws: Inside) -> Given:
    return requested(aws, "/batches", {"instances": [REQUEST, {**REQUEST, "id": "UA-2"}]})


def requested(aws: Inside, resource: str, body: object) -> Given:
    """A request to a model that answers; moto's endpoints answer what they are told to."""
    dynamodb, features = aws.client("dynamodb"), aws.table("key")
    key = online.key("plane", {"tailnum": "N1"})
    item = {"key": {"S": key}, "event_time": {"S": "2013-08-01T00:00:00+00:00"}, "features": {"S": '{"seats": 150}'}}
    dynamodb.put_item(TableName=features, Item=item)
    rows = len(body["instances"]) if isinstance(body, dict) and "instances" in body else 1
    answer = {**MODEL, "predictions": MODEL["predictions"] * rows}  # type: ignore[operator]
    aws.backend("sagemaker-runtime").results_queue.append((json.dumps(answer), "application/json", "champion", ""))
    variables = aws.environment(
        ENDPOINT_NAME="flights",
        ONLINE_TABLE=features,
        PREDICTIONS_TABLE=aws.table("prediction_key"),
        VIEWS='{"plane": ["tailnum"]}',
        REQUEST='["carrier"]',
        LINE="flights",
        ID="id",
        EVENT_TIME="event_time",
        KNOWN="{}",
        CAPTURE_QUEUE=aws.queue(),
        PERSONAL='["tailnum"]',
        CAPTURE_PERSONAL="mask",
    )
    return Given(variables, {"resource": resource, "body": json.dumps(body)})


def look_up(aws: Inside) -> Given:
    table = aws.table("prediction_key")
    lookup.put(aws.client("dynamodb"), table, [record(1)])
    return Given(aws.environment(PREDICTIONS_TABLE=table, LINE="flights"), {"pathParameters": {"id": "UA-1"}})


def labels(aws: Inside) -> Given:
    told = [{"prediction_id": f"flights:UA-{number}:2013-08-15", "label": number % 2} for number in range(3)]
    variables = aws.environment(GROUND_TRUTH_QUEUE=aws.queue(), TASK="binary", LINE="flights")
    return Given(variables, {"resource": "/labels", "body": json.dumps({"labels": told})})


CASES = [
    Case("lambdas.delivery.files", files),
    Case("lambdas.delivery.topic", topic),
    Case("lambdas.delivery.rest", rest, volatile=KEPT),
    Case("lambdas.delivery.predict", predict, volatile=KEPT),
    Case("lambdas.delivery.predict", batch, "batch", volatile=KEPT),
    Case("lambdas.delivery.look_up", look_up),
    Case("lambdas.delivery.labels", labels),
]
