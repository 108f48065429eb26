import base64
import json
from typing import Any

import pytest

from runtime.delivery import proxy
from runtime.delivery.proxy import Refused

NOT_JSON = "the body is not JSON: send one JSON object (without NaN or Infinity)"


def test_the_body_is_its_object() -> None:
    assert proxy.body_of({"body": '{"id": "UA-1"}'}) == {"id": "UA-1"}


def test_a_whole_number_may_be_written_with_a_point() -> None:
    found = proxy.body_of({"body": '{"id": 7.0, "hour": 1.5e1, "distance": 1e300, "speed": -2.5}'})

    assert found == {"id": 7, "hour": 15, "distance": 1e300, "speed": -2.5}
    assert [type(value) for value in found.values()] == [int, int, float, float]


def test_a_body_that_the_gateway_encoded_is_decoded() -> None:
    body = base64.b64encode(b'{"id": "UA-1"}').decode()

    assert proxy.body_of({"body": body, "isBase64Encoded": True}) == {"id": "UA-1"}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"body": None}, NOT_JSON),
        ({}, NOT_JSON),
        ({"body": "{"}, NOT_JSON),
        ({"body": '{"distance": NaN}'}, NOT_JSON),
        ({"body": '{"distance": -Infinity}'}, NOT_JSON),
        ({"body": '{"id": "\\ud800"}'}, NOT_JSON),
        ({"body": "[" * 60_000}, NOT_JSON),
        ({"body": "9" * 5000}, NOT_JSON),
        ({"body": "%%%", "isBase64Encoded": True}, NOT_JSON),
        ({"body": "[1]"}, "the body is not a JSON object: send one, with a field per column"),
        (
            {"body": '{"id": 1, "at": {"id": 2, "id": 2}}'},
            "the body names a field twice, expected each once: send one of its values",
        ),
    ],
)
def test_a_bad_body_is_a_400_with_one_clear_message(event: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused) as refused:
        proxy.body_of(event)

    assert (refused.value.status, str(refused.value)) == (400, message)


def test_a_body_that_is_too_large_is_not_looked_at() -> None:
    with pytest.raises(Refused) as refused:
        proxy.body_of({"body": "x" * 2**20})

    told = "the body has 1048576 characters, expected at most 524288: send fewer at once"
    assert (refused.value.status, str(refused.value)) == (413, told)


def test_a_refusal_is_a_json_answer() -> None:
    response = proxy.refusal(Refused(404, "there is none"))

    assert (response["statusCode"], json.loads(response["body"])) == (404, {"message": "there is none"})
