import json

import pytest

from runtime.delivery import lookup
from tests.lambdas.processes import Called, call
from tests.moto_server import Aws
from tests.runtime.delivery.deliveries import record


def send(
    aws: Aws, bodies: list[str], *, minimum_sample: int = 2, task: str = "binary", metric: str = "roc_auc"
) -> Called:
    predictions, windows = aws.table("prediction_key"), aws.table("window")
    lookup.put(aws.client("dynamodb"), predictions, [record(number, score=number / 10) for number in range(10)])
    return call(
        "lambdas.monitoring.ground_truth",
        {"Records": [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]},
        aws.environment(
            PREDICTIONS_TABLE=predictions,
            WINDOWS_TABLE=windows,
            TASK=task,
            METRIC=metric,
            MINIMUM_SAMPLE=str(minimum_sample),
            LINE="flights",
        ),
    )


def truth(number: int, label: float) -> str:
    return json.dumps({"prediction_id": f"flights:UA-{number}:2013-08-15", "label": label})


def test_only_what_could_not_be_joined_goes_back_to_the_queue(aws: Aws) -> None:
    called = send(aws, [truth(3, 1), "poison", truth(99, 1), truth(4, 0)])

    assert called.answer == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}


def test_it_emits_how_many_joined_and_how_good_the_predictions_were(aws: Aws) -> None:
    called = send(aws, [truth(9, 1), truth(3, 0), truth(4, 0)])

    assert called.metrics == {("flights",): {"GroundTruthJoined": [3.0], "Performance": [1.0]}}


def test_it_emits_how_far_off_the_estimates_of_a_regression_were(aws: Aws) -> None:
    called = send(aws, [truth(9, 2.9), truth(3, 2.3)], task="regression", metric="mae")

    assert called.metrics == {("flights",): {"GroundTruthJoined": [2.0], "Performance": [pytest.approx(2.0, rel=0.01)]}}


def test_too_few_labels_tell_nothing_of_the_performance(aws: Aws) -> None:
    called = send(aws, [truth(9, 1), truth(3, 0)], minimum_sample=3)

    assert called.metrics == {("flights",): {"GroundTruthJoined": [2.0]}}


def test_a_failure_is_logged_with_its_reason_but_not_whom_it_is_about(aws: Aws) -> None:
    called = send(aws, ['{"id": "canary-4711", "label": 1}'])

    assert [line["reason"] for line in called.log if "reason" in line] == ["there is no such prediction"]
    assert "canary" not in json.dumps(called.log)
