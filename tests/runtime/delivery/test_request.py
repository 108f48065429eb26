import datetime as dt
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.delivery.proxy import Refused
from runtime.delivery.request import Form, check

FORM = Form(
    id="id",
    event_time="event_time",
    columns=["carrier", "distance"],
    views={"plane": ["tailnum"], "route": ["origin", "carrier"]},
)
GIVEN: dict[str, Any] = {
    "id": "UA-1",
    "event_time": "2013-08-15T10:30:00Z",
    "carrier": "UA",
    "distance": 1400,
    "tailnum": None,
    "origin": "EWR",
}
FIELDS = "id, event_time, carrier, distance, tailnum, origin"


def test_a_request_is_its_id_its_moment_and_its_values() -> None:
    request = check(FORM, GIVEN)

    assert request.id == "UA-1"
    assert request.event_time == dt.datetime(2013, 8, 15, 10, 30, tzinfo=dt.UTC)
    assert request.values == {"carrier": "UA", "distance": 1400, "tailnum": None, "origin": "EWR"}


@pytest.mark.parametrize("text", ["2013-08-15T10:30:00", "2013-08-15T12:30:00+02:00", "2013-08-15 10:30"])
def test_a_moment_is_taken_to_utc(text: str) -> None:
    assert check(FORM, {**GIVEN, "event_time": text}).event_time == dt.datetime(2013, 8, 15, 10, 30, tzinfo=dt.UTC)


def test_a_number_serves_as_an_id() -> None:
    assert check(FORM, {**GIVEN, "id": 17}).id == "17"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"id": ""}, "id: expected text of 1 to 256 characters"),
        ({"id": "x" * 257}, "id: expected text of 1 to 256 characters"),
        ({"id": True}, "id: expected text of 1 to 256 characters"),
        ({"event_time": "noon"}, "event_time: expected a moment in ISO 8601, e.g. 2013-08-15T10:30:00Z"),
        ({"event_time": 1376562600}, "event_time: expected a moment in ISO 8601, e.g. 2013-08-15T10:30:00Z"),
        (
            {"event_time": "0001-01-01T00:00:00+14:00"},
            "event_time: expected a moment in ISO 8601, e.g. 2013-08-15T10:30:00Z",
        ),
        ({"distance": [1]}, "distance: expected a number, text, true, false or null"),
        ({"distance": json.loads("1e999")}, "distance: out of range, expected a number that fits a double"),
        ({"distance": 10**400}, "distance: out of range, expected a number that fits a double"),
        ({"carrier": "x" * 257}, "carrier: 257 characters long, expected at most 256"),
        ({"gate": "B7"}, f"gate: unknown field, expected {FIELDS}: remove it"),
    ],
)
def test_a_wrong_field_is_a_400_that_names_it(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused) as refused:
        check(FORM, {**GIVEN, **changed})

    assert (refused.value.status, str(refused.value)) == (400, message)


@pytest.mark.parametrize("missing", list(GIVEN))
def test_a_missing_field_is_a_400_that_names_it(missing: str) -> None:
    with pytest.raises(Refused) as refused:
        check(FORM, {name: value for name, value in GIVEN.items() if name != missing})

    assert str(refused.value) == f"{missing}: missing, expected {FIELDS}: add it (null when it is unknown)"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*GIVEN, "other"]), JSON))
def test_whatever_is_sent_is_taken_or_refused(changed: dict[str, Any]) -> None:
    with suppress(Refused):
        check(FORM, {**GIVEN, **changed})
