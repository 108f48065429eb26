"""The published schema holds for what each channel keeps, and refuses what no channel would deliver."""

from __future__ import annotations

from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import ValidationError

from runtime.delivery import lookup, records, schema
from runtime.delivery.schema import PredictionRecord
from runtime.monitoring.store import Store
from tests.moto_server import Aws
from tests.runtime.delivery.deliveries import conforms, record, scored

ANSWER, FORMATS = schema.answer("flights"), jsonschema.FormatChecker()


def test_rest_answers_the_record_of_its_own_line_and_nothing_more() -> None:
    assert tuple(ANSWER["properties"]) == tuple(ANSWER["required"]) == records.FIELDS
    jsonschema.validate(record(1), ANSWER, jsonschema.Draft4Validator, format_checker=FORMATS)
    for change in ({"line": "fleet"}, {"event_id": "1"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**record(1), **change}, ANSWER, jsonschema.Draft4Validator)


def test_what_is_looked_up_over_rest_is_the_record(aws: Aws) -> None:
    paths, table, dynamodb = scored(aws, 3), aws.table("prediction_key"), aws.client("dynamodb")
    store = Store(dynamodb=dynamodb, predictions=table, windows=aws.table("window", "part"), line="flights")
    lookup.deliver(s3=aws.client("s3"), paths=paths, store=store)
    for number in range(3):
        conforms(lookup.find(dynamodb, table, "flights", f"UA-{number}"))


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"prediction_id": "flights:UA-1"},
        {"line": "Flights"},
        {"model_version": 0},
        {"score": None},
        {"event_time": "yesterday"},
        {"at": None},
        {"id": ""},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_no_record_is_refused_by_the_schema_and_by_its_model(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        conforms({**record(1), **change})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**record(1), **change}, ANSWER, jsonschema.Draft4Validator, format_checker=FORMATS)
    with pytest.raises(ValidationError):
        PredictionRecord.model_validate({**record(1), **change})


def test_a_field_that_is_unknown_passes_the_schema() -> None:
    PredictionRecord.model_validate({**record(1), "explanation": "new in a later release"})
