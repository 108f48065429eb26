"""What a target is given of an event."""

from __future__ import annotations

import json

import pytest

from local.event_inputs import as_delivered, at, input_for

EVENT = {
    "id": "e-1",
    "source": "assembly-line",
    "time": "2013-08-15T00:00:00Z",
    "detail": {"run": 'a "b"', "n": [1, 2]},
}


@pytest.mark.parametrize(
    ("path", "expected"), [("$.detail.n[1]", 2), ("$.detail.run.x", None), ("$.detail['n']", [1, 2]), ("$", EVENT)]
)
def test_a_path_finds_a_part(path: str, expected: object) -> None:
    assert at(EVENT, path) == expected


def test_text_within_quotes_is_escaped() -> None:
    transformer = {"InputPathsMap": {"run": "$.detail.run"}, "InputTemplate": '{"told": "run <run>", "run": <run>}'}
    assert json.loads(input_for({"InputTransformer": transformer}, EVENT)) == {"told": 'run a "b"', "run": 'a "b"'}


def test_a_template_knows_its_rule_and_the_whole_event() -> None:
    template = '{"rule": "<aws.events.rule-name>", "event": <aws.events.event.json>}'
    told = json.loads(
        input_for({"InputTransformer": {"InputTemplate": template}}, EVENT, "arn:aws:events:r:1:rule/bus/all")
    )
    assert told == {"rule": "all", "event": EVENT}


def test_an_event_is_delivered_with_its_time_as_text() -> None:
    assert as_delivered({"time": 1376524800.0, "ingestion-time": 1.0}) == {"time": "2013-08-15T00:00:00Z"}
