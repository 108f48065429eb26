import datetime as dt
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from runtime import online
from runtime.delivery import lookup, prediction
from runtime.delivery.capture import Capture
from runtime.delivery.proxy import Refused
from runtime.delivery.request import Form
from tests.moto_server import FAULTS, Aws, CrashError, Fault, Faults

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
        predictions = [{"score": 0.25 + i} for i in range(len(json.loads(request["Body"])["instances"]))]
        return {"Body": io.BytesIO(json.dumps({"predictions": predictions, "model_version": 3}).encode())}


class World:
    def __init__(self, aws: Aws) -> None:
        self.model, self.dynamodb = Model(), aws.client("dynamodb")
        self.service = prediction.Service(
            dynamodb=self.dynamodb,
            sagemaker=self.model,
            capture=Capture(sqs=aws.client("sqs"), queue=aws.queue(), line="flights"),
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

    assert world.dynamodb.scan(TableName=world.service.predictions_table)["Count"] == 2  # its own and its id's


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


KNOWN = Form(
    id="id",
    event_time="event_time",
    columns=["carrier", "distance"],
    views={"plane": ["tailnum"], "route": ["origin", "carrier"], "model": ["model"]},
    known={"event_time": "now", "carrier": "plane.carrier", "model": "plane.model", "distance": "route.distance"},
)


def refusal(world: World, form: Form, given: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        prediction.predict_all(world.service, form, given)
    assert world.model.rows == []
    assert world.dynamodb.scan(TableName=world.service.predictions_table)["Count"] == 0
    return refused.value.status, str(refused.value)


def test_what_is_known_online_may_be_left_out_and_leads_to_further_entities(world: World) -> None:
    world.know("plane", {"tailnum": "N1"}, carrier="UA", model="A320")
    world.know("route", {"origin": "EWR", "carrier": "UA"}, distance=719, late_share=0.25)
    world.know("model", {"model": "A320"}, seats=182)

    record = prediction.predict(world.service, KNOWN, {"id": "UA-1", "tailnum": "N1", "origin": "EWR"})

    assert world.model.rows == [
        {
            "carrier": "UA",
            "distance": 719,
            "plane__carrier": "UA",
            "plane__model": "A320",
            "route__distance": 719,
            "route__late_share": 0.25,
            "model__seats": 182,
        }
    ]
    assert abs(dt.datetime.fromisoformat(record["event_time"]) - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def test_what_is_given_counts_more_than_what_is_known(world: World) -> None:
    world.know("plane", {"tailnum": "N1"}, carrier="UA", model=None)

    given = {"id": "UA-1", "tailnum": "N1", "origin": "EWR", "carrier": "DL", "distance": None}
    prediction.predict(world.service, KNOWN, given)

    assert world.model.rows == [{"carrier": "DL", "distance": None, "plane__carrier": "UA", "plane__model": None}]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (
            {"id": "1", "tailnum": "N9", "origin": "EWR"},
            (404, "instances[1].carrier: left out, but view 'plane' does not know this tailnum: give it"),
        ),
        (
            {"id": "1", "tailnum": "N1", "origin": "JFK"},
            (
                404,
                "instances[1].distance: left out, but view 'route' does not know this origin, carrier: give it",
            ),
        ),
        (
            {"id": "1", "tailnum": None, "origin": "JFK"},
            (404, "instances[1].carrier: left out, but view 'plane' does not know this tailnum: give it"),
        ),
        (
            {"id": "1", "origin": "JFK"},
            (
                400,
                "instances[1].tailnum: missing, expected id, event_time, carrier, distance, tailnum, origin, model: "
                "add it (null when it is unknown)",
            ),
        ),
        ("N1", (400, "instances[1]: expected an object, with a field per column")),
    ],
)
def test_an_entity_that_nothing_knows_is_told_and_nothing_is_predicted(
    world: World, row: Any, error: tuple[int, str]
) -> None:
    world.know("plane", {"tailnum": "N1"}, carrier="UA", model="A320")
    world.know("route", {"origin": "EWR", "carrier": "UA"}, distance=719)

    assert refusal(world, KNOWN, [{"id": "0", "tailnum": "N1", "origin": "EWR"}, row]) == error


def test_a_column_that_a_view_does_not_have_is_the_lines_mistake(world: World) -> None:
    world.know("plane", {"tailnum": "N1"}, model="A320")

    assert refusal(world, KNOWN, [{"id": "0", "tailnum": "N1", "origin": "EWR"}]) == (
        503,
        "carrier: view 'plane' has no column 'carrier': correct delivery.known in the line's line.yaml",
    )


def test_a_batch_is_read_predicted_and_recorded_together(world: World, aws: Aws) -> None:
    rows = [{**GIVEN, "id": f"UA-{i}", "tailnum": f"N{i % 7}"} for i in range(100)]
    for i in range(6):
        world.know("plane", {"tailnum": f"N{i}"}, built=1990 + i)

    found = prediction.predict_all(world.service, FORM, rows)

    assert [record["id"] for record in found] == [row["id"] for row in rows]
    assert [record["score"] for record in found] == [0.25 + i for i in range(100)]
    assert [row.get("plane__built") for row in world.model.rows[:8]] == [*range(1990, 1996), None, 1990]
    assert lookup.find(world.dynamodb, world.service.predictions_table, "flights", "UA-99") == found[99]


@pytest.mark.parametrize("given", [[], None, {}, [GIVEN] * 101])
def test_a_batch_is_a_list_of_some_rows(world: World, given: Any) -> None:
    assert refusal(world, FORM, given) == (400, "instances: expected a list of 1 to 100 objects, each a row")


class Busy:
    """A store that leaves what it is asked for unprocessed for some calls."""

    def __init__(self, dynamodb: Any, calls: int) -> None:
        self._dynamodb, self.calls = dynamodb, calls

    def batch_get_item(self, **request: Any) -> Any:
        self.calls -= 1
        if self.calls >= 0:
            return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}
        return self._dynamodb.batch_get_item(**request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dynamodb, name)


def test_keys_that_the_store_left_unread_are_asked_for_again(world: World) -> None:
    world.know("plane", {"tailnum": "N1"}, built=1999)
    world.service = replace(world.service, dynamodb=Busy(world.dynamodb, calls=2))

    world.predict()

    assert world.model.rows[0]["plane__built"] == 1999


def test_a_store_that_reads_nothing_is_no_unknown_entity(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "ATTEMPTS", 2)
    world.service = replace(world.service, dynamodb=Busy(world.dynamodb, calls=99))

    with pytest.raises(Refused) as refused:
        world.predict()

    assert (refused.value.status, str(refused.value)) == (
        503,
        "the features of line 'flights' cannot be read now: try again in a minute",
    )


def captured(world: World, aws: Aws) -> list[dict[str, Any]]:
    bodies = aws.messages(world.service.capture.queue)
    return [event for body in bodies for event in json.loads(body)["events"]]


def test_what_is_answered_is_captured_with_what_the_model_was_given(world: World, aws: Aws) -> None:
    record = world.predict()

    (event,) = captured(world, aws)
    assert (event["prediction"], event["inputs"]) == (record, {"carrier": "UA", "distance": 1400})
    assert event["milliseconds"] >= 0


def test_each_row_of_a_batch_is_captured(world: World, aws: Aws) -> None:
    found = prediction.predict_all(world.service, FORM, [{**GIVEN, "id": f"UA-{i}"} for i in range(100)])

    assert [event["prediction"] for event in captured(world, aws)] == found


def test_what_is_refused_is_not_captured(world: World, aws: Aws) -> None:
    with pytest.raises(Refused):
        world.predict(carrier=["canary"])

    assert captured(world, aws) == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("service", ["dynamodb", "sqs"])
def test_what_cannot_be_kept_or_captured_is_not_answered_and_told_without_a_value(
    world: World, aws: Aws, service: str, fault: Fault
) -> None:
    client = aws.client(service)
    Faults(at=1 if service == "dynamodb" else 0, fault=fault).on(client)  # the first reads the online store
    struck = {"dynamodb": {"dynamodb": client}, "sqs": {"capture": replace(world.service.capture, sqs=client)}}
    whole, world.service = world.service, replace(world.service, **struck[service])

    with pytest.raises((Refused, CrashError)) as told:
        world.predict(id="canary")

    assert "canary" not in str(told.value)
    assert getattr(told.value, "status", 503) == 503
    world.service = whole
    world.predict(id="canary")
    events = captured(world, aws)
    assert len({event["event_id"] for event in events}) == 1
    assert len(events) == (2 if (service, fault) == ("sqs", "after") else 1)
