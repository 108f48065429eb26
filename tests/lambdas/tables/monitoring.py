"""What is to befall the handlers of monitoring."""

from __future__ import annotations

import json

from runtime.delivery import lookup
from tests.lambdas.faults import Case, unfinished
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given
from tests.runtime.delivery.deliveries import record
from tests.runtime.monitored import MOVED, SAME, World

MACHINE = {"StartAt": "Work", "States": {"Work": {"Type": "Wait", "Seconds": 3600, "End": True}}}


def drift(aws: Inside) -> Given:
    world = World(aws)
    world.score({"hour": MOVED, "score": SAME})
    variables = aws.environment(
        LAKE_BUCKET=world.paths.lake,
        MODELS_BUCKET=world.models,
        LEDGER_TABLE=world.ledger,
        COLUMNS="[]",
        THRESHOLD="0.2",
        MINIMUM_SAMPLE="200",
        LINE="flights",
    )
    return Given(variables, {"line": "flights", "run": world.paths.run})


def labels(aws: Inside) -> Given:
    predictions, windows = aws.table("prediction_key"), aws.table("window")
    lookup.put(aws.client("dynamodb"), predictions, [record(number, score=number / 10) for number in range(6)])
    bodies = [{"prediction_id": f"flights:UA-{number}:2013-08-15", "label": number % 2} for number in range(5)]
    variables = aws.environment(
        PREDICTIONS_TABLE=predictions,
        WINDOWS_TABLE=windows,
        TASK="binary",
        METRIC="roc_auc",
        MINIMUM_SAMPLE="2",
        LINE="flights",
    )
    return Given(variables, {"Records": [message(str(i), json.dumps(body)) for i, body in enumerate(bodies)]})


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
    Case("lambdas.monitoring.drift", drift),
    Case("lambdas.monitoring.ground_truth", labels, again=unfinished, answers=False),
    Case("lambdas.monitoring.retrain", alarmed, "an alarm", answers=False),
    Case("lambdas.monitoring.retrain", still_alarmed, "a look", answers=False),
]
