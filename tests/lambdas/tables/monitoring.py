"""What is to befall the handlers of monitoring."""

from __future__ import annotations

import json
from typing import Any

from runtime import ground_truth
from runtime.delivery import capture, lookup
from runtime.monitoring.unmatched import INDEX
from tests.lambdas.faults import Case, unfinished
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given
from tests.runtime.delivery.deliveries import record
from tests.runtime.monitored import MOVED, SAME, World

TOUCHED = frozenset({"version", "part", "dirty", "expires"})
"""How often an item was written, and by which batch: what it holds is the same."""
MACHINE = {"StartAt": "Work", "States": {"Work": {"Type": "Wait", "Seconds": 3600, "End": True}}}


def drift(aws: Inside) -> Given:
    """A run that scored what has moved: its window is judged, and somebody told."""
    world = World(aws)
    unmatched(world)
    world.score({"hour": MOVED, "score": SAME})
    return Given(aws.environment(**world.variables()), {"line": "flights", "run": world.paths.run})


def judged(aws: Inside) -> Given:
    """A window is over in which a column moved, and for which labels have come."""
    return judging(World(aws, {"performance": {"minimum_sample": 2, "minimum": 0.9}}))


def two_judged(aws: Inside) -> Given:
    """The same, and one before it in which all was as it was."""
    world = World(aws, {"performance": {"minimum_sample": 2, "minimum": 0.9}})
    world.day(14, {"hour": SAME, "score": SAME})
    return judging(world)


def judging(world: World) -> Given:
    unmatched(world)
    world.day(15, {"hour": MOVED, "score": SAME})
    store = world.judge().store
    made = [record(number, score=number / 10) for number in range(4)]
    lookup.put(store.dynamodb, store.predictions, made, store=store)
    told = {str(n): {"prediction_id": f"flights:UA-{n}:2013-08-15", "label": n % 2} for n in range(5)}
    ground_truth.join(store, messages={name: json.dumps(one) for name, one in told.items()})
    event = {"detail-type": "Judge Windows", "time": "2013-08-20T00:00:00Z"}
    return Given(world.aws.environment(**world.variables()), event)


def unmatched(world: World) -> None:
    """Give the table of predictions the index of labels that wait."""
    keys = {"line": "HASH", "unmatched_since": "RANGE"}
    index = {
        "IndexName": INDEX,
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        "Projection": {"ProjectionType": "ALL"},
    }
    world.dynamodb.update_table(
        TableName=world.tables["PREDICTIONS_TABLE"],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        GlobalSecondaryIndexUpdates=[{"Create": index}],
    )


def dropped(aws: Inside) -> Given:
    """A file of labels, one line of which is none."""
    bucket, key = aws.bucket(), "flights/ground_truth/2013 08+15.jsonl"
    lines = [json.dumps({"id": f"UA-{number}", "label": number % 2}) for number in range(150)]
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body="\n".join([*lines, "none"]).encode())
    variables = aws.environment(RAW_BUCKET=bucket, QUEUE=aws.queue(), TASK="binary", LINE="flights")
    return Given(variables, {"detail": {"object": {"key": key}}})


def labels(aws: Inside) -> Given:
    """Of predictions that are known, of one that is not yet, by the id alone, a correction; and one that is none."""
    predictions, windows = aws.table("prediction_key"), aws.table("window", "part")
    lookup.put(aws.client("dynamodb"), predictions, [record(number, score=number / 10) for number in range(6)])
    told: list[dict[str, Any]] = [
        {"prediction_id": f"flights:UA-{number}:2013-08-15", "label": number % 2} for number in (0, 1, 2, 99)
    ]
    told += [{"id": "UA-3", "label": 1}, {"id": "UA-98", "label": 1}]
    told += [{**told[0], "label": 1, "known_at": "2013-09-01T00:00:00Z"}]
    bodies = [json.dumps({"labels": told[:2]}), *(json.dumps(one) for one in told[2:]), "poison"]
    variables = aws.environment(
        PREDICTIONS_TABLE=predictions,
        WINDOWS_TABLE=windows,
        DEAD_LETTERS=aws.queue(),
        TASK="binary",
        WINDOW_HOURS="24",
        WINDOW_COUNT="0",
        KEEP_DAYS="90",
        LINE="flights",
    )
    return Given(variables, {"Records": [message(str(i), body) for i, body in enumerate(bodies)]})


def captured(aws: Inside) -> Given:
    """Events of two days in two messages, one of which is partly at fault, and one that is none."""
    world = World(aws)
    events = [event(number) for number in range(4)]
    bad = {**events[3], "event_id": "x"}
    bodies = [captured_message([*events[:2], bad]), captured_message(events[2:]), "poison"]
    variables = aws.environment(**world.variables(), DEAD_LETTERS=aws.queue(), INPUTS="0.5", SLICES='["carrier"]')
    return Given(variables, {"Records": [message(str(i), body) for i, body in enumerate(bodies)]})


def by_event_id(found: dict[str, Any]) -> dict[str, Any]:
    """What the loading of the table reads: the lines of all objects, each event id once."""
    lines = {line for objects in found["s3"].values() for body in objects.values() for line in _lines(body)}
    return {**found, "s3": sorted(lines)}


def _lines(body: Any) -> list[str]:
    return [json.dumps(body, sort_keys=True)] if isinstance(body, dict) else body.splitlines()


def event(number: int) -> dict[str, Any]:
    day = f"2013-08-{15 + number % 2}"
    made = {**record(number), "prediction_id": f"flights:UA-{number}:{day}", "event_time": f"{day}T10:30:00+00:00"}
    found: dict[str, Any] = json.loads(capture.event(made, {"carrier": "UA"}, 12.5))
    return found


def captured_message(events: list[dict[str, Any]]) -> str:
    return json.dumps({"schema": 1, "line": "flights", "events": events})


def message(name: str, body: str) -> dict[str, object]:
    """A message as an event source mapping hands it over."""
    return {"messageId": name, "receiptHandle": name, "body": body, "attributes": {}, "messageAttributes": {}}


def alarmed(aws: Inside) -> Given:
    """An alarm that asks for a run: none goes on, so one starts."""
    alarm = {"alarmName": "flights-drift", "state": {"value": "ALARM", "reason": "carrier"}}
    event = {"detail-type": "CloudWatch Alarm State Change", "time": "2026-01-05T12:00:00Z", "detail": alarm}
    return Given(retraining(aws), event)


def still_alarmed(aws: Inside) -> Given:
    """The schedule of looks, while the alarm that was heard of has not ended."""
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="flights-drift", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1.0
    )
    cloudwatch.set_alarm_state(AlarmName="flights-drift", StateValue="ALARM", StateReason="carrier")
    return Given(retraining(aws), {"detail-type": "Scheduled Event", "time": "2026-01-05T12:00:00Z", "detail": {}})


def retraining(aws: Inside) -> dict[str, str]:
    machine = aws.client("stepfunctions").create_state_machine(
        name="line-flights", definition=json.dumps(MACHINE), roleArn="arn:aws:iam::123456789012:role/run"
    )["stateMachineArn"]
    return aws.environment(
        LEDGER_TABLE=aws.table("pk", "sk"),
        LAKE_BUCKET=aws.bucket(),
        STATE_MACHINE=machine,
        LINE="flights",
        COOLDOWN_HOURS="24",
        QUIET_MINUTES="15",
        SCORE_DATE="score_date",
        DATES='{"score_date": "2013-08-15"}',
        ALARMS='{"flights-drift": "drift"}',
    )


CASES = [
    Case("lambdas.monitoring.drift", drift, volatile=TOUCHED | {"seconds"}),
    Case("lambdas.monitoring.judge", judged, answers=False, volatile=TOUCHED),
    Case("lambdas.monitoring.judge", two_judged, "two windows", answers=False, volatile=TOUCHED, thorough=True),
    Case("lambdas.monitoring.ground_truth_file", dropped),
    Case("lambdas.monitoring.ground_truth", labels, again=unfinished, answers=False, volatile=TOUCHED),
    Case("lambdas.monitoring.capture", captured, again=unfinished, answers=False, volatile=TOUCHED, read=by_event_id),
    Case("lambdas.monitoring.retrain", alarmed, "an alarm", answers=False, by_the_clock=True),
    Case("lambdas.monitoring.retrain", still_alarmed, "a look", answers=False, by_the_clock=True),
]
