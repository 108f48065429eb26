"""Windows by count: filled as predictions and labels come, each counted once, judged when full."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest

from runtime import ground_truth
from runtime.monitoring import opening, windows
from runtime.monitoring.store import Store
from tests.moto_server import Aws, Scenario, converge
from tests.runtime.monitored import MOVED, NOW, SAME, World
from tests.runtime.monitoring.test_windows import REFERENCE, event, new_store


@pytest.fixture
def store(aws: Aws) -> Store:
    return new_store(aws, count=100)


def held(store: Store) -> list[int]:
    """Return how many predictions each window holds, in order."""
    return [windows.read(store, start).rows for start in windows.starts(store)]


def test_a_full_window_is_followed_by_the_next_whatever_the_times_of_the_events(store: Store) -> None:
    for first in range(0, 250, 50):
        windows.add_events(store, REFERENCE, [event(number) for number in range(first, first + 50)])

    assert held(store) == [100, 100, 50]
    starts = list(windows.starts(store))
    assert [one.isoformat()[:16] + "Z" for one in windows.ends(store).values()] == starts[1:]
    again = windows.add_events(store, REFERENCE, [event(number) for number in range(250)])
    assert (again.counted, held(store)) == (0, [100, 100, 50])


def test_labels_fill_windows_too_and_a_change_is_counted_where_the_label_was(store: Store) -> None:
    windows.add_events(store, REFERENCE, [event(number) for number in range(90)])
    told = [{"prediction_id": event(number)["prediction"]["prediction_id"], "label": 1} for number in range(90)]
    ground_truth.join(store, messages={"m": json.dumps({"labels": told})})
    windows.add_events(store, REFERENCE, [event(number) for number in range(90, 120)])
    windows.add_events(store, REFERENCE, [event(number) for number in range(120, 130)])

    changed = {**told[0], "label": 0, "known_at": "2013-08-20T00:00:00Z"}
    assert ground_truth.join(store, messages={"n": json.dumps(changed)}).counts == {"changed": 1}

    counted: list[Any] = [windows.read(store, start).counters.get("", {}) for start in windows.starts(store)]
    assert counted == [{"n": 90, "p1_50": 89, "p0_50": 1}, {}]
    assert windows.joined(store, NOW, 1)[""]["n"] == 90


def test_a_run_counts_once_in_the_window_that_was_open(store: Store) -> None:
    profile = {name: {**one, "counts": [20] * len(one["shares"])} for name, one in REFERENCE.columns.items()}
    for run in ("a", "a", "b", "a"):
        windows.add_run(store, REFERENCE, profile, run=run, start="", now=NOW)

    assert held(store) == [100, 100]  # a run of a hundred rows fills a window


def test_full_windows_are_judged_in_order_and_tell(aws: Aws) -> None:
    world = World(aws, {"window": {"count": 1000}})
    for run, profile in (("a", SAME), ("b", MOVED), ("c", SAME)):
        world.day(15, {"hour": profile, "score": SAME}, run=run)

    judged = world.look(dt.datetime(2013, 8, 15, tzinfo=dt.UTC)).verdicts

    assert [verdict.rows for verdict in judged] == [1000, 1000, 1000]
    assert [verdict.drift["hour"]["over"] for verdict in judged] == [False, True, False]
    assert judged[0].end == judged[1].start
    assert [alarm["state"] for alarm in world.alarms()] == ["alarm", "ok"]


def test_a_fault_at_any_call_counts_each_event_once_after_a_retry(aws: Aws) -> None:
    events = [event(number) for number in range(3)]

    def scenario() -> Scenario:
        store = new_store(aws, count=100)

        def work(dynamodb: Any) -> None:
            windows.add_events(replace(store, dynamodb=dynamodb), REFERENCE, events)

        def check() -> None:
            assert sum(held(store)) == 3
            assert opening.opened(store, NOW).open in windows.starts(store, dirty=True)

        return Scenario(("dynamodb",), work, check)

    calls = converge(aws, scenario)
    assert calls.count("TransactWriteItems") == 1
