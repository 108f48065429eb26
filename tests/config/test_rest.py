from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from config.rest import Rest, RestChannel

CHANNEL: TypeAdapter[Rest | None] = TypeAdapter(RestChannel)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (True, Rest()),
        (False, None),
        ({}, Rest()),
        ({"authorization": "api_key", "quota_per_day": 5}, Rest(authorization="api_key", quota_per_day=5)),
    ],
)
def test_a_switch_or_settings_say_what_the_api_is(given: Any, meant: Rest | None) -> None:
    assert CHANNEL.validate_python(given) == meant


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"quota_per_day": 5}, "quota_per_day is given, but only API keys are counted, expected authorization api_key"),
        ({"authorization": "none"}, "'iam' or 'api_key'"),
        ({"rate": 0}, "greater than 0"),
        ({"burst": 0}, "greater than or equal to 1"),
        ({"key": 1}, "Extra inputs are not permitted"),
    ],
)
def test_what_the_api_cannot_be_is_told(given: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CHANNEL.validate_python(given)
