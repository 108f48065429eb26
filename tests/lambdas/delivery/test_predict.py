import json
import urllib.request
from typing import Any

import pytest

from tests.lambdas.processes import Called, call
from tests.moto_server import REGION, Aws

BODY = {"id": "canary-4711", "event_time": "2013-08-15T10:30:00Z", "carrier": "UA", "tailnum": "N-canary"}


def ask(aws: Aws, body: Any, resource: str = "/predictions", queue: str = "") -> Called:
    return call(
        "lambdas.delivery.predict",
        {"resource": resource, "body": json.dumps(body)},
        aws.environment(
            ENDPOINT_NAME="flights",
            ONLINE_TABLE=aws.table("key"),
            PREDICTIONS_TABLE=aws.table("prediction_key"),
            VIEWS='{"plane": ["tailnum"]}',
            REQUEST='["carrier"]',
            LINE="flights",
            ID="id",
            EVENT_TIME="event_time",
            KNOWN="{}",
            CAPTURE_QUEUE=queue or aws.queue(),
            PERSONAL='["carrier"]',
            CAPTURE_PERSONAL="mask",
        ),
    )


@pytest.fixture
def _model(aws: Aws) -> None:
    """Tell moto what the endpoint answers."""
    answer = {"predictions": [{"score": 0.25}], "model_version": 3}
    told = {"account_id": "123456789012", "region": REGION, "results": [{"Body": json.dumps(answer)}]}
    url = f"{aws.endpoint}/moto-api/static/sagemaker/endpoint-results"
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(told).encode(), method="POST")).close()


@pytest.mark.usefixtures("_model")
def test_it_answers_with_the_prediction(aws: Aws) -> None:
    answer = ask(aws, BODY).answer

    assert answer["statusCode"] == 200
    assert {**json.loads(answer["body"]), "at": None} == {
        "schema": 1,
        "prediction_id": "flights:canary-4711:2013-08-15",
        "line": "flights",
        "run": "on-request",
        "model_version": 3,
        "id": "canary-4711",
        "event_time": "2013-08-15T10:30:00+00:00",
        "score": 0.25,
        "at": None,
    }


@pytest.mark.usefixtures("_model")
def test_nothing_of_whom_it_is_about_is_logged(aws: Aws) -> None:
    assert "canary" not in json.dumps(ask(aws, BODY).log)


def test_a_bad_request_is_told_and_not_logged(aws: Aws) -> None:
    called = ask(aws, {**BODY, "carrier": ["canary"]})

    assert called.answer["statusCode"] == 400
    assert json.loads(called.answer["body"]) == {"message": "carrier: expected a number, text, true, false or null"}
    assert "canary" not in json.dumps(called.log)


@pytest.mark.usefixtures("_model")
def test_a_batch_is_answered_with_its_predictions(aws: Aws) -> None:
    called = ask(aws, {"instances": [BODY]}, "/batches")

    assert called.answer["statusCode"] == 200
    (record,) = json.loads(called.answer["body"])["predictions"]
    assert (record["id"], record["score"]) == ("canary-4711", 0.25)
    assert "canary" not in json.dumps(called.log)


@pytest.mark.usefixtures("_model")
def test_an_answer_is_captured_without_personal_values(aws: Aws) -> None:
    queue = aws.queue()
    record = json.loads(ask(aws, {**BODY, "carrier": "canary-carrier"}, queue=queue).answer["body"])

    (message,) = aws.messages(queue)
    (event,) = json.loads(message)["events"]
    assert (event["prediction"], event["inputs"]) == (record, {"carrier": "***"})


@pytest.mark.usefixtures("_model")
def test_what_cannot_be_captured_is_not_answered(aws: Aws) -> None:
    called = ask(aws, BODY, queue=f"{aws.endpoint}/123456789012/none")

    assert called.answer["statusCode"] == 503
    assert "try again" in json.loads(called.answer["body"])["message"]
    assert "canary" not in json.dumps(called.answer)
