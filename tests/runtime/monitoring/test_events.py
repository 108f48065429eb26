import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.monitoring import events
from runtime.poison import PoisonError
from tests.runtime.monitoring.captured import LINE, body, event


def test_a_message_gives_its_events() -> None:
    sent = [event(1), event(2, day="0001-01-01"), {**event(3, day="9999-12-31"), "milliseconds": None}]
    assert events.parse(body(sent), LINE) == (sent, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the body is not JSON (which has no NaN or Infinity)"),
        ("canary", "the body is not JSON (which has no NaN or Infinity)"),
        ('{"canary": NaN}', "the body is not JSON (which has no NaN or Infinity)"),
        ('{"canary": "\\ud800"}', "the body is not JSON (which has no NaN or Infinity)"),
        ("[" * 60_000, "the body is not JSON (which has no NaN or Infinity)"),
        ("[1]", "the body is not a JSON object"),
        ("canary" * 2**18, "the body has more than 262144 characters"),
        (body([event()], schema=2), "schema is not 1"),
        (body([event()], schema=True), "schema is not 1"),
        ('{"line": "flights"}', "schema is not 1"),
        (body([event()], line="canary"), "line is not this line"),
        (body([]), "events is not a list of 1 to 100"),
        (body([event()] * 101), "events is not a list of 1 to 100"),
        (body([]).replace("[]", '"canary"'), "events is not a list of 1 to 100"),
    ],
)
def test_a_message_that_is_at_fault_is_told_without_a_value(text: str, reason: str) -> None:
    with pytest.raises(PoisonError) as told:
        events.parse(text, LINE)
    assert str(told.value) == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("canary", " is not an object"),
        ({"event_id": "canary"}, ".event_id is not 32 hexadecimal digits"),
        ({"prediction": None}, ".prediction is not an object"),
        ({"inputs": ["canary"]}, ".inputs is not an object"),
        (
            {"inputs": {"canary": {}}},
            ".inputs: value 0 is neither a number that fits a double, text, true, false nor null",
        ),
        (
            {"inputs": {"a": 1, "canary": 10**400}},
            ".inputs: value 1 is neither a number that fits a double, text, true, ",
        ),
        ({"milliseconds": -1}, ".milliseconds is neither a number from 0 on nor null"),
        ({"milliseconds": True}, ".milliseconds is neither a number from 0 on nor null"),
        (event(schema=2), ".prediction.schema is not 1"),
        (event(run=None), ".prediction.run is not text"),
        (event(line="canary"), ".prediction.line is not this line"),
        (event(event_time="canary"), ".prediction.event_time is not a moment in ISO 8601"),
        (event(at="2013-08-15 canary"), ".prediction.at is not a moment in ISO 8601"),
        (event(at="0001-01-01T00:00:00+14:00"), ".prediction.at is not a moment in ISO 8601"),
        (event(prediction_id="canary"), ".prediction.prediction_id is not <line>:<id>:<date>"),
        (event(prediction_id="flights:UA-0:2013-02-30"), ".prediction.prediction_id is not <line>:<id>:<date>"),
        (event(prediction_id="flights:canary:2013-08-15"), ".prediction.prediction_id is not <line>:<id>:<date>"),
        (event(model_version="canary"), ".prediction.model_version is not a whole number"),
        (event(model_version=2**63), ".prediction.model_version is not a whole number"),
        (event(score="canary"), ".prediction.score is not a finite number"),
        (event(score=10**400), ".prediction.score is not a finite number"),
        (event(score=1e-200), ".prediction.score is not a finite number"),
    ],
)
def test_one_event_that_is_at_fault_is_told_and_the_others_are_kept(change: Any, reason: str) -> None:
    bad = {**event(), **change} if isinstance(change, dict) else change
    good, fault = events.parse(body([event(1), bad, event(2)]), LINE)
    assert good == [event(1), event(2)]
    assert fault.startswith(f"events[1]{reason}")
    assert "canary" not in fault


def test_several_faults_are_counted() -> None:
    assert events.parse(body(["a", event(1), {}, "b"]), LINE) == ([event(1)], "events[0] is not an object (and 2 more)")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(max_examples=100, deadline=None)
def test_whatever_stands_in_the_place_of_an_event_is_told(given_: Any) -> None:
    good: list[Any] = []
    fault = ""
    try:
        good, fault = events.parse(body([event(1), given_]), LINE)
    except PoisonError as error:
        fault = str(error)
    assert good in ([], [event(1)])
    assert fault


def test_the_share_whose_inputs_are_stored_depends_on_the_event_alone() -> None:
    sent = [event(number) for number in range(2_000)]
    kept = [one["event_id"] for one in sent if events.chosen(one, 0.1)]
    assert 140 < len(kept) < 260
    assert kept == [one["event_id"] for one in sent if events.chosen(json.loads(json.dumps(one)), 0.1)]
    assert set(kept) <= {one["event_id"] for one in sent if events.chosen(one, 0.2)}
