import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from config.errors import LineError
from runtime import captured, tables
from runtime.captured import Loaded, Loader
from runtime.monitoring import capture
from runtime.monitoring.capture import Store
from tests.gate import Gate, gate
from tests.moto_server import REGION, Aws
from tests.runtime.lake import Lake
from tests.runtime.monitoring.captured import LINE, event

Rows = list[dict[str, Any]]


@pytest.fixture
def lake(aws: Aws) -> Lake:
    return Lake(aws, line=LINE)


def loader(lake: Lake, door: Gate | None = None) -> Loader:
    endpoint = door.endpoint if door else lake.aws.endpoint
    make: Any = boto3.client
    s3 = make(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    return Loader(
        catalog=lake.catalog(endpoint),
        s3=s3,
        lake=lake.bucket,
        line=LINE,
        table=lake.name(captured.TABLE),
        run="maintenance",
    )


def arrive(lake: Lake, events: Sequence[Any], *, share: float = 1) -> list[str]:
    """Let the handler keep a batch of events."""
    store = Store(s3=lake.aws.client("s3"), lake=lake.bucket, line=LINE, share=share)
    return capture.keep(store, events)


def rows(lake: Lake) -> Rows:
    found: Rows = tables.read(lake.catalog(), lake.name(captured.TABLE)).to_pylist()
    return sorted(found, key=lambda row: str(row["event_id"]))


def batches() -> list[Rows]:
    """Events of three days, with repetitions that say another moment or come in other company."""
    first = [event(number) for number in range(4)]
    second = [event(2), event(3, at="2013-08-15T10:30:00+00:00"), event(9, day="0001-01-01")]
    third = [event(5, day="2013-08-16"), event(3)]
    return [first, second, third]


def test_each_event_is_one_row_of_its_day_with_its_inputs_as_json(lake: Lake) -> None:
    arrive(lake, [event(1), {**event(2, day="2013-08-16"), "milliseconds": None}])
    assert loader(lake).load() == Loaded(objects=2, rows=2)
    found = {row["id"]: row for row in rows(lake)}
    assert json.loads(found["UA-1"].pop("inputs")) == event(1)["inputs"]
    assert {name: str(value) for name, value in found["UA-1"].items()} == {
        **{name: str(value) for name, value in event(1)["prediction"].items() if name != "schema"},
        "event_id": event(1)["event_id"],
        "event_time": "2013-08-15 10:30:00+00:00",
        "at": "2013-08-15 10:30:01.500000+00:00",
        "milliseconds": "12.5",
        "date": "2013-08-15",
    }
    assert found["UA-2"]["milliseconds"] is None
    assert loader(lake).waiting() == []
    assert loader(lake).load() == Loaded(objects=0, rows=0)


def test_inputs_that_were_not_kept_are_null(lake: Lake) -> None:
    arrive(lake, [event(1)], share=0)
    loader(lake).load()
    assert [row["inputs"] for row in rows(lake)] == [None]


def test_the_order_in_which_objects_come_and_are_loaded_changes_nothing(lake: Lake, aws: Aws) -> None:
    for batch in batches():
        arrive(lake, batch)
    loader(lake).load()
    other = Lake(aws, line=LINE)
    for batch in [*reversed(batches()), batches()[1]]:
        arrive(other, batch)
        loader(other).load()
    assert rows(lake) == rows(other)
    assert [row["id"] for row in rows(lake)].count("UA-3") == 1
    assert len(rows(lake)) == 6


def dies(aws: Aws, door: Gate, at: int, only: str) -> bool:
    """Let a load die at one of its writes, and assert that the next heals it; return whether it got that far."""
    lake = Lake(aws, line=LINE)
    arrive(lake, batches()[0])
    loader(lake).load()
    for batch in batches()[1:]:
        arrive(lake, batch)
    door.open(at=at, landed=at % 2 == 0, only=only)
    with suppress(Exception):
        loader(lake, door).load()
    died = door.closed
    readable = [row["event_id"] for row in rows(lake)]
    assert len(set(readable)) == len(readable) >= 4
    loader(lake).load()
    assert len(rows(lake)) == 6, (at, door.writes)
    assert {str(row["at"]) for row in rows(lake) if row["id"] == "UA-3"} == {"2013-08-15 10:30:00+00:00"}
    assert loader(lake).waiting() == []
    return died


@pytest.mark.parametrize("only", ["UpdateTable", "POST /"])  # commits, and the removal of what they hold
def test_a_load_that_dies_at_a_commit_or_a_removal_is_healed_by_the_next(aws: Aws, only: str) -> None:
    with gate() as door:
        assert dies(aws, door, 2, only)


@pytest.mark.thorough
def test_a_load_that_dies_at_any_write_is_healed_by_the_next(aws: Aws) -> None:
    with gate() as door:
        at = 0
        while dies(aws, door, at, ""):
            at += 1
    assert at > 10


def test_what_came_while_it_was_loading_stays_for_the_next_pass(lake: Lake) -> None:
    arrive(lake, [event(1)])
    first = loader(lake)
    waiting = first.waiting()
    arrive(lake, [event(2)])
    late = replace(first, s3=Listing(first.s3, waiting))
    assert late.load() == Loaded(objects=1, rows=1)
    assert [row["id"] for row in rows(lake)] == ["UA-1"]
    assert loader(lake).load() == Loaded(objects=1, rows=1)


class Listing:
    """An S3 that lists what there was a while ago."""

    def __init__(self, s3: Any, keys: list[str]) -> None:
        self._s3, self._keys = s3, keys

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: str) -> list[Any]:
        return [{"Contents": [{"Key": key} for key in self._keys]}]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("2013-08-15/a.jsonl", b'{"event_id": "canary", "score": "canary"}\n'),
        ("2013-08-15/a.jsonl", b"canary\n"),
        ("2013-08-15/a.jsonl", b'{"canary": 1}\n'),
        ("yesterday/a.jsonl", b""),
        ("2013-08-15/a.txt", b""),
    ],
)
def test_an_object_that_cannot_be_read_is_named_and_stays(lake: Lake, name: str, body: bytes) -> None:
    key = f"captured/flights/{name}"
    lake.aws.client("s3").put_object(Bucket=lake.bucket, Key=key, Body=body)
    with pytest.raises(LineError) as told:
        loader(lake).load()
    assert str(told.value).startswith(f"captured events: s3://{lake.bucket}/{key} cannot be read, expected ")
    assert "canary" not in str(told.value).replace(name, "")
    assert loader(lake).waiting() == [key]
