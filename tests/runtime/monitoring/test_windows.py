"""Captured events are counted once, whatever their grouping; what is in a window comes out merged."""

import datetime as dt
import random
from typing import Any

import pytest

from runtime.delivery import lookup
from runtime.monitoring import joins, marks, sketch, windows
from runtime.monitoring.store import Store, moment_of, window_of
from runtime.monitoring.windows import Reference
from tests.moto_server import Aws, Scenario, converge
from tests.runtime.delivery.deliveries import record

COLUMNS = {
    "carrier": {"kind": "category", "categories": ["UA", "AA"], "shares": [0.5, 0.4, 0.1, 0.0]},
    "hour": {"kind": "number", "edges": [6.0, 12.0, 18.0], "shares": [0.25, 0.25, 0.25, 0.25, 0.0]},
    "score": {"kind": "number", "edges": [0.5], "shares": [0.5, 0.5, 0.0]},
}
REFERENCE = Reference(artefact="s3://models/flights/run-1/deep/", columns=COLUMNS)
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
START = "2013-08-15T00:00Z"


def event(number: int, *, score: float = 0.5, **inputs: Any) -> dict[str, Any]:
    return {
        "event_id": f"{number:032x}",
        "prediction": record(number, score=score, run="on-request"),
        "inputs": {"carrier": "UA", "hour": number % 24, **inputs},
        "milliseconds": 12.5,
    }


@pytest.fixture
def store(aws: Aws) -> Store:
    return new_store(aws)


def new_store(aws: Aws, **other: Any) -> Store:
    dynamodb = other.pop("dynamodb", None) or aws.client("dynamodb")
    return Store(dynamodb, aws.table("prediction_key"), aws.table("window", "part"), "flights", **other)


def counted(store: Store, start: str = START) -> Any:
    return windows.read(store, start).sketches.get(REFERENCE.artefact)


def test_events_are_sketched_in_the_window_of_their_event_time(store: Store) -> None:
    added = windows.add_events(store, REFERENCE, [event(1), event(13, carrier="ZZ"), event(2, hour=None)])

    assert (added.counted, added.repeated, added.again) == (3, 0, frozenset())
    found = counted(store)
    assert found["n"] == 3
    assert found["columns"]["carrier"]["counts"] == [2, 0, 1, 0]
    assert found["columns"]["hour"]["counts"] == [1, 0, 1, 0, 1]
    assert sum(found["milliseconds"].values()) == 3
    assert list(windows.starts(store, dirty=True)) == [START]


def test_each_event_counts_once_however_often_and_in_whatever_company_it_comes(store: Store) -> None:
    events = [event(number) for number in range(30)]
    shuffled = random.Random(7)
    for _ in range(4):
        shuffled.shuffle(events)
        windows.add_events(store, REFERENCE, events[:17] + events[:5])

    windows.add_events(store, REFERENCE, events)

    assert counted(store)["n"] == 30
    assert counted(store) == sketch.of_events(COLUMNS, events)


def test_an_example_that_is_asked_about_twice_counts_twice_and_a_repetition_of_each_does_not(store: Store) -> None:
    first, second = event(1), {**event(1, hour=20, score=0.7), "event_id": "f" * 32}

    windows.add_events(store, REFERENCE, [first])
    windows.add_events(store, REFERENCE, [second])
    again = windows.add_events(store, REFERENCE, [first, second, first])

    assert (again.counted, again.repeated) == (0, 3)
    assert counted(store)["columns"]["hour"]["counts"] == [1, 0, 0, 1, 0]


def test_a_prediction_that_is_asked_for_without_end_stays_an_item(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joins, "MOST_CAPTURED", 2)
    for number in range(4):
        windows.add_events(store, REFERENCE, [{**event(1, hour=number), "event_id": f"{number:032x}"}])

    assert counted(store)["n"] == 2


def test_hostile_values_of_inputs_are_counted_and_stop_nothing(store: Store) -> None:
    hostile = [float("nan"), float("inf"), "x" * 10_000, [1], {"a": 1}, True, 10**400, "***", ""]
    events = [event(number, carrier=value, hour=value) for number, value in enumerate(hostile)]
    events.append({**event(99), "inputs": {}})

    assert windows.add_events(store, REFERENCE, events).counted == 10
    assert counted(store)["n"] == 10


def test_a_label_that_was_first_is_counted_with_the_slices_that_the_event_tells(aws: Aws) -> None:
    store = new_store(aws, slices=("carrier",))
    edit = marks.Edit(lambda item, _: joins.labelled(item, joins.Label(1), NOW)[0])
    marks.change(store, {"flights:UA-1:2013-08-15": edit})
    lookup.put(store.dynamodb, store.predictions, [event(1)["prediction"]])  # who answers requests counts nothing

    windows.add_events(store, REFERENCE, [event(1)])

    counters = windows.read(store, START).counters
    assert counters == {"": {"n": 1, "p1_50": 1}, "carrier=UA": {"n": 1, "p1_50": 1}}


def test_slices_that_are_told_after_the_label_are_counted_then(aws: Aws) -> None:
    store = new_store(aws, slices=("carrier",))
    lookup.put(store.dynamodb, store.predictions, [event(1)["prediction"]], store=store)
    edit = marks.Edit(lambda item, _: joins.labelled(item, joins.Label(1), NOW)[0])
    marks.change(store, {"flights:UA-1:2013-08-15": edit})
    assert set(windows.read(store, START).counters) == {""}

    windows.add_events(store, REFERENCE, [event(1)])

    assert windows.read(store, START).counters["carrier=UA"] == {"n": 1, "p1_50": 1}
    assert windows.read(store, START).counters[""] == {"n": 1, "p1_50": 1}


def test_what_is_captured_before_it_is_delivered_is_found_by_its_id_all_the_same(store: Store) -> None:
    one = event(1)
    windows.add_events(store, REFERENCE, [one])

    lookup.put(store.dynamodb, store.predictions, [one["prediction"]], store=store)

    assert lookup.find(store.dynamodb, store.predictions, "flights", one["prediction"]["id"]) == one["prediction"]


def test_sketches_of_two_champions_stay_apart(store: Store) -> None:
    windows.add_events(store, REFERENCE, [event(1)])
    windows.add_events(store, Reference("s3://models/flights/run-2/deep/", COLUMNS), [event(2), event(3)])

    found = windows.read(store, START)
    assert {artefact.split("/")[4]: one["n"] for artefact, one in found.sketches.items()} == {"run-1": 1, "run-2": 2}
    assert found.rows == 3


def test_of_runs_that_scored_a_window_the_newest_counts_and_once(store: Store) -> None:
    profile = {name: {**one, "counts": [10] * len(one["shares"])} for name, one in COLUMNS.items()}
    for run, at in (("a", 1), ("b", 3), ("b", 3), ("a", 1)):
        now = NOW.replace(minute=at)
        windows.add_run(store, REFERENCE, profile, run=run, start=START, now=now)
    windows.add_events(store, REFERENCE, [event(1)])

    assert counted(store)["n"] == 51


def test_a_window_that_got_more_while_it_was_judged_stays_to_be_judged(store: Store) -> None:
    windows.add_events(store, REFERENCE, [event(1)])
    token = windows.starts(store)[START]
    windows.add_events(store, REFERENCE, [event(2)])

    windows.clean(store, START, token)
    assert list(windows.starts(store, dirty=True)) == [START]
    windows.clean(store, START, windows.starts(store)[START])
    assert windows.starts(store) == {START: ""}


@pytest.mark.parametrize(
    ("hours", "moment", "start"),
    [
        (1, "2013-08-15T10:59:59.999999+00:00", "2013-08-15T10:00Z"),
        (24, "2013-08-16T01:00:00+02:00", "2013-08-15T00:00Z"),
        (48, "1969-12-31T23:00:00+00:00", "1969-12-30T00:00Z"),
        (24, "0001-01-01T00:00:00+00:00", "0001-01-01T00:00Z"),
    ],
)
def test_windows_begin_at_whole_spans_of_utc(hours: int, moment: str, start: str) -> None:
    day = moment_of(start).date() if hours <= 24 else "1969-12-31"
    assert window_of(f"flights:1:{day}", moment, hours) == start


def test_a_fault_at_any_call_counts_each_event_once_after_a_retry(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "LIMIT", 8)
    events = [event(number) for number in range(4)]

    def scenario() -> Scenario:
        store = new_store(aws)

        def work(dynamodb: Any) -> None:
            struck = Store(dynamodb, store.predictions, store.windows, store.line)
            windows.add_events(struck, REFERENCE, events)

        def check() -> None:
            assert counted(store) == sketch.of_events(COLUMNS, events)
            assert list(windows.starts(store, dirty=True)) == [START]

        return Scenario(("dynamodb",), work, check)

    assert converge(aws, scenario) == ["BatchGetItem", *["TransactWriteItems"] * 2, "UpdateItem"]
