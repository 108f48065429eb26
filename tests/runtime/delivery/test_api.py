import datetime as dt
import json
import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from config.bundle import Bundle
from config.loading import load_bundle
from runtime.delivery import api
from runtime.delivery.openapi import document
from runtime.delivery.request import check


@pytest.fixture(scope="module", params=["flights", "fleet"])
def line(request: pytest.FixtureRequest) -> Bundle:
    return load_bundle(request.param)


def test_every_schema_is_one_to_api_gateway_and_to_openapi(line: Bundle) -> None:
    for call in api.operations(line.definition):
        for schema in [call.schema, *([call.body.schema] if call.body else [])]:
            jsonschema.Draft4Validator.check_schema(schema)
            jsonschema.Draft202012Validator.check_schema(schema)


def test_every_example_fits_its_schema_and_the_handler(line: Bundle) -> None:
    for call in api.operations(line.definition):
        jsonschema.validate(call.example, call.schema)
        if call.body is not None:
            jsonschema.Draft4Validator(call.body.schema).validate(call.body.example)
    (predict,) = [call for call in api.operations(line.definition) if call.id == "predict"]
    assert predict.body is not None
    assert check(api.form_of(line.definition), predict.body.example).id == "example-1"


def test_the_document_refers_to_nothing_that_it_lacks(line: Bundle) -> None:
    made = document(line.definition)
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(made)))
    assert named == set(made["components"]["schemas"])


def test_nothing_is_predicted_on_request_where_no_endpoint_is(line: Bundle) -> None:
    paths = document(line.definition, endpoint=False)["paths"]
    assert set(paths) == {"/predictions/{id}", "/labels", "/openapi.json"}


def test_a_label_may_name_every_day_there_is(line: Bundle) -> None:
    (labels,) = [call for call in api.operations(line.definition) if call.id == "label"]
    assert labels.body is not None
    pattern: Any = labels.body.schema["anyOf"][0]["properties"]["prediction_id"]["pattern"]
    name = line.definition.line
    first = dt.date(2095, 1, 1)
    days = [first + dt.timedelta(days=number) for number in range(14 * 365)]
    assert all(re.search(pattern, f"{name}:a:b\n1:{day.isoformat()}") for day in days)
    assert all(re.search(pattern, f"{name}:1:{year}-02-29") for year in ("2000", "2016", "0004", "1600"))
    wrong = ["2013-13-01", "2013-02-30", "2013-04-31", "0000-01-01", "0000-02-29", "2013-1-1", "2013-08-15 "]
    wrong += ["2013-00-10", "2013-08-15\n", "2013-02-29", "1900-02-29", "2100-02-29"]
    assert not [day for day in wrong if re.search(pattern, f"{name}:1:{day}")]
