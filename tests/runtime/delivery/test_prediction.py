import datetime as dt
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from runtime import online
from runtime.delivery import lookup, prediction
from runtime.delivery.proxy import Refused
from runtime.delivery.request import Form
from tests.moto_server import Aws

FORM = Form(
    id="id",
    event_time="event_time",
    columns=["carrier", "distance"],
    views={"plane": ["tailnum"], "route": ["origin", "carrier"]},
)
GIVEN: dict[str, Any] = {
    "id": "UA-1",
    "event_time": "2013-08-15T23:30:00-04:00",
    "carrier": "UA",
    "distance": 1400,
    "tailnum": "N1",
    "origin": "EWR",
}


class Model:
    """An endpoint that answers with a score, or with an error."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.error: dict[str, Any] | None = None

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        if self.error is not None:
            raise ClientError(self.error, "InvokeEndpoint")  # type: ignore[arg-type]
        self.rows += json.loads(request["Body"])["instances"]
        return {"Body": io.BytesIO(b'{"predictions": [{"score": 0.25}], "model_version": 3}')}


class World:
    def __init__(self, aws: Aws) -> None:
        self.model, self.dynamodb = Model(), aws.client("dynamodb")
        self.service = prediction.Service(
            dynamodb=self.dynamodb,
            sagemaker=self.model,
            line="flights",
            endpoint="flights",
            online_table=aws.table("key"),
            predictions_table=aws.table("prediction_key"),
        )

    def know(self, view: str, entity: dict[str, str], **features: Any) -> None:
        moment = online.moment(dt.datetime(2013, 8, 15, tzinfo=dt.UTC))
        item = online.Item(key=online.key(view, entity), event_time=moment, features=json.dumps(features))
        online.write_newest(self.dynamodb, self.service.online_table, [item])

    def predict(self, **changed: Any) -> dict[str, Any]:
        return prediction.predict(self.service, FORM, {**GIVEN, **changed})


@pytest.fixture
def world(aws: Aws) -> World:
    return World(aws)


def test_the_model_gets_the_requests_columns_and_the_features_that_are_known(world: World) -> None:
    world.know("plane", {"tailnum": "N1"}, built=1999, seats=None)
    world.know("route", {"origin": "EWR", "carrier": "UA"}, late_share=0.25)

    world.predict()

    assert world.model.rows == [
        {
            "carrier": "UA",
            "distance": 1400,
            "plane__built": 1999,
            "plane__seats": None,
            "route__late_share": 0.25,
        }
    ]


def test_an_entity_that_is_unknown_has_no_features(world: World) -> None:
    world.know("plane", {"tailnum": "None"}, built=1999)

    world.predict(tailnum=None)

    assert world.model.rows == [{"carrier": "UA", "distance": 1400}]


def test_the_prediction_is_recorded_under_the_requests_day_in_utc(world: World) -> None:
    record = world.predict()

    assert {**record, "at": None} == {
        "schema": 1,
        "prediction_id": "flights:UA-1:2013-08-16",
        "line": "flights",
        "run": "on-request",
        "model_version": 3,
        "id": "UA-1",
        "event_time": "2013-08-16T03:30:00+00:00",
        "score": 0.25,
        "at": None,
    }
    assert lookup.find(world.dynamodb, world.service.predictions_table, "flights", "UA-1") == record


def test_a_repeated_request_leaves_one_record(world: World) -> None:
    world.predict()
    world.predict()

    assert world.dynamodb.scan(TableName=world.service.predictions_table)["Count"] == 1


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (
            {"Error": {"Code": "ValidationError", "Message": "Endpoint flights of account not found."}},
            503,
            "no model of line 'flights' is in service: run the line once (line run flights)",
        ),
        (
            {
                "Error": {"Code": "ModelError", "Message": "Received client error (400) from primary"},
                "OriginalStatusCode": 400,
                "OriginalMessage": '{"error": "instances[0].distance: \\"far\\" is not a number"}',
            },
            400,
            'distance: "far" is not a number',
        ),
        (
            {
                "Error": {"Code": "ModelError", "Message": "secret"},
                "OriginalStatusCode": 500,
                "OriginalMessage": "trace",
            },
            503,
            "the model of line 'flights' did not answer (ModelError): try again in a minute",
        ),
        (
            {"Error": {"Code": "ThrottlingException", "Message": "slow down"}},
            503,
            "the model of line 'flights' did not answer (ThrottlingException): try again in a minute",
        ),
    ],
)
def test_an_error_of_the_endpoint_is_told_to_whom_it_concerns(
    world: World, error: dict[str, Any], status: int, message: str
) -> None:
    world.model.error = error

    with pytest.raises(Refused) as refused:
        world.predict()

    assert (refused.value.status, str(refused.value)) == (status, message)
    assert world.dynamodb.scan(TableName=world.service.predictions_table)["Count"] == 0
