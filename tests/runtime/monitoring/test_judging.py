"""Windows are judged once and in order; what changed is told once; what comes late changes figures, and no alarm."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest

from runtime import ground_truth
from runtime.delivery import lookup
from runtime.monitoring import judging, monitors, windows
from runtime.monitoring.judge import Window
from runtime.monitoring.store import Store
from tests.moto_server import Aws, Scenario, converge
from tests.runtime.delivery.deliveries import record
from tests.runtime.monitored import BINS, MOVED, NOW, SAME, World

USUAL, SHIFTED = {"hour": SAME, "score": SAME}, {"hour": MOVED, "score": SAME}
FEW = {name: {**BINS, "counts": [60, 0, 0]} for name in ("hour", "score")}
GAPS = {"hour": {**BINS, "counts": [400, 400, 200]}, "score": SAME}


@pytest.fixture
def world(aws: Aws) -> World:
    return World(aws)


def told(world: World) -> list[str]:
    return [alarm["sk"] for alarm in world.alarms()]


def test_a_window_is_judged_when_it_is_over_and_late_parts_had_their_time(world: World) -> None:
    world.day(15, USUAL)

    assert world.look(dt.datetime(2013, 8, 16, 0, 59, 59, tzinfo=dt.UTC)).verdicts == []
    (verdict,) = world.look(dt.datetime(2013, 8, 16, 1, tzinfo=dt.UTC)).verdicts
    assert (verdict.start, verdict.end, verdict.rows) == ("2013-08-15T00:00Z", "2013-08-16T00:00Z", 1000)
    assert verdict.monitors == {"drift": "ok", "quality": "ok", "performance": "waiting"}
    assert verdict.drift["hour"]["over"] is False
    assert verdict.quality["hour"] == {"missing": 0.0, "unseen": 0.0, "outside": 0.0, "over": False}
    assert world.look().verdicts == []
    assert world.verdicts() == [verdict]


def test_drift_alarms_tells_what_moved_and_clears(world: World) -> None:
    for day, profile in ((14, USUAL), (15, SHIFTED), (16, SHIFTED), (17, USUAL)):
        world.day(day, profile)
    world.look()

    alarm, ok = world.alarms()
    assert told(world) == ["ALARM#drift#2013-08-15T00:00Z#alarm", "ALARM#drift#2013-08-17T00:00Z#ok"]
    (what,) = json.loads(alarm["what"])
    assert (what["column"], round(what["index"], 2), what["bar"], what["against"]) == ("hour", 1.32, 0.2, "training")
    assert (alarm["at"], alarm["since"]) == ("2013-08-16T00:00:00+00:00", "2013-08-15T00:00Z")
    assert (alarm["link"], alarm["runbook"]) == ("https://figures/", "docs/runbooks/drift.md")
    assert alarm["says"] == (
        "drift of line flights is over its bar since 2013-08-15T00:00Z: hour 1.32 (bar 0.20, against training)"
    )
    assert ok["says"] == "drift of line flights is well again; it was not since 2013-08-15T00:00Z"
    messages = world.aws.messages(world.queue)
    assert len(messages) == 2
    assert messages[0].startswith(alarm["says"])
    assert "Event: flights#ALARM#drift#2013-08-15T00:00Z#alarm" in messages[0]
    assert [verdict.monitors["drift"] for verdict in world.verdicts()] == ["ok", "alarm", "alarm", "ok"]


def test_m_of_n_windows_must_be_over_the_bar(aws: Aws) -> None:
    world = World(aws, {"alarm": {"at_least": 2, "of": 3}})
    for day, profile in ((11, SHIFTED), (12, USUAL), (13, USUAL), (14, SHIFTED), (15, USUAL), (16, SHIFTED)):
        world.day(day, profile)
    world.look()

    assert told(world) == ["ALARM#drift#2013-08-16T00:00Z#alarm"]
    assert world.alarms()[0]["since"] == "2013-08-14T00:00Z"


def test_too_few_values_and_no_data_say_nothing(world: World) -> None:
    world.day(14, SHIFTED)
    world.day(15, FEW)
    world.look()

    assert [verdict.monitors["drift"] for verdict in world.verdicts()] == ["alarm", "alarm"]
    assert world.verdicts()[1].drift == {}
    assert told(world) == ["ALARM#drift#2013-08-14T00:00Z#alarm"]


def test_values_that_are_missing_are_of_quality_not_only_of_drift(world: World) -> None:
    world.day(15, GAPS)
    world.look()

    quality = next(alarm for alarm in world.alarms() if alarm["monitor"] == "quality")
    assert json.loads(quality["what"]) == [{"column": "hour", "index": 0.2, "bar": 0.1, "against": "missing"}]
    assert quality["runbook"] == "docs/runbooks/quality.md"


def test_what_comes_late_changes_the_verdict_and_no_alarm(world: World) -> None:
    world.day(15, USUAL)
    world.look()
    world.day(15, SHIFTED, run="later", now=NOW + dt.timedelta(hours=1))  # the day was scored again
    world.day(14, SHIFTED)  # and an earlier one only now

    judged = world.look()

    assert ([one.start for one in judged.again], [one.start for one in judged.verdicts]) == (
        ["2013-08-15T00:00Z"],
        ["2013-08-14T00:00Z"],
    )
    assert all(one.drift["hour"]["over"] for one in world.verdicts())
    assert told(world) == []


def test_maintenance_holds_every_transition_back_and_what_is_still_over_is_told_after(aws: Aws) -> None:
    night = {"start": "2013-08-16T00:00:00Z", "end": "2013-08-16T02:00:00Z"}
    world = World(aws, {"maintenance": [night], "alarm": {"at_least": 1, "of": 2}})
    world.day(15, SHIFTED)
    world.look(dt.datetime(2013, 8, 16, 1, tzinfo=dt.UTC))
    assert told(world) == []

    world.day(16, SHIFTED)
    world.look()
    assert told(world) == ["ALARM#drift#2013-08-16T00:00Z#alarm"]
    assert world.alarms()[0]["since"] == "2013-08-15T00:00Z"


def test_maintenance_may_come_back_every_week(aws: Aws) -> None:
    sundays = {"start": "2013-06-02T00:00:00Z", "end": "2013-06-02T06:00:00Z", "every": "week"}
    world = World(aws, {"maintenance": [sundays]})
    for day in (17, 18):  # what is due on Sunday 18 August, and on Monday
        world.day(day, SHIFTED)
        world.look(dt.datetime(2013, 8, day + 1, 1, tzinfo=dt.UTC))

    assert told(world) == ["ALARM#drift#2013-08-18T00:00Z#alarm"]


def test_last_week_is_what_a_window_is_held_against_where_the_line_says_so(aws: Aws) -> None:
    world = World(aws, {"drift": {"method": "psi", "threshold": 0.2, "against": ["last_week"]}})
    for day, profile in ((8, SHIFTED), (15, SHIFTED), (16, SHIFTED)):
        world.day(day, profile)
    world.look()

    first, second, third = world.verdicts()
    assert (first.drift, third.drift) == ({}, {})  # of neither is there a week before
    assert (second.drift["hour"]["against"], second.drift["hour"]["over"]) == ("last_week", False)
    assert told(world) == []


def labelled(world: World, day: int, *, wrong: bool, count: int = 220) -> None:
    """Predict and label a day: scores that tell the label, or its contrary."""
    store = replace(world.judge().store, slices=("origin",))
    found = [
        {
            **record(number, score=0.9 if number % 2 else 0.1),
            "prediction_id": f"flights:UA-{number}:2013-08-{day:02}",
            "event_time": f"2013-08-{day:02}T10:00:00+00:00",
        }
        for number in range(count)
    ]
    slices = {one["prediction_id"]: {"origin": "JFK" if i % 3 else "EWR"} for i, one in enumerate(found)}
    lookup.put(store.dynamodb, store.predictions, found, store=store, slices=slices)
    told = [{"prediction_id": one["prediction_id"], "label": (i + wrong) % 2} for i, one in enumerate(found)]
    messages = {f"{day}-{i}": json.dumps({"labels": told[i : i + 100]}) for i in range(0, count, 100)}
    joined = ground_truth.join(store, messages=messages)
    assert joined.counts == {"joined": count}


def test_performance_is_judged_when_its_labels_are_there_however_late_and_names_the_worst_slice(aws: Aws) -> None:
    world = World(aws, {"performance": {"minimum": 0.7, "slices": ["origin"]}})
    world.day(15, USUAL)
    world.look()
    assert world.verdicts()[0].monitors["performance"] == "waiting"

    labelled(world, 15, wrong=True)
    (again,) = world.look().again

    assert (again.labels, again.performance["roc_auc"], again.monitors["performance"]) == (220, 0.0, "alarm")
    assert again.slices["origin=JFK"]["n"] + again.slices["origin=EWR"]["n"] == 220
    (alarm,) = world.alarms()
    assert json.loads(alarm["what"]) == [{"metric": "roc_auc", "value": 0.0, "bar": 0.7}]
    assert alarm["slice"] in ("origin=JFK", "origin=EWR")
    assert alarm["says"].endswith(f": roc_auc 0 (bar 0.7), worst in {alarm['slice']}")


def test_too_few_labels_wait_for_more(aws: Aws) -> None:
    world = World(aws, {"performance": {"minimum": 0.7}})
    labelled(world, 15, wrong=True, count=20)
    world.look()

    assert (world.verdicts()[0].labels, world.alarms()) == (20, [])


def test_a_window_whose_reference_is_gone_is_judged_by_its_labels(world: World) -> None:
    world.day(15, SHIFTED)
    world.s3.delete_object(Bucket=world.models, Key="flights/run-1/deep/reference.json")
    world.look()

    assert (world.verdicts()[0].drift, world.verdicts()[0].rows, world.alarms()) == ({}, 1000, [])


def test_two_judges_at_once_tell_once(world: World) -> None:
    world.day(15, SHIFTED)
    judge = world.judge()
    other = world.judge()
    stands = judging.measure(judge, judging.Span("2013-08-15T00:00Z", NOW))[1]
    before = monitors.read(judge.ledger, "flights")
    judging.look(other, NOW)

    state, transition = judging._step(
        judge.rules,
        "drift",
        before["drift"].state,
        Window("2013-08-15T00:00Z", 1000, stands["drift"].standing),
    )
    assert transition is not None
    news = monitors.news(judge.ledger, monitors.Subject("flights", "drift", NOW), transition, stands["drift"])
    assert not monitors.write(judge.ledger, "flights", {"drift": replace(before["drift"], state=state)}, [news])
    assert len(world.alarms()) == 1


@pytest.mark.thorough
def test_a_fault_at_any_call_judges_and_tells_once_after_a_retry(aws: Aws) -> None:
    def scenario() -> Scenario:
        world = World(aws)
        world.day(15, SHIFTED)

        def check() -> None:
            assert told(world) == ["ALARM#drift#2013-08-15T00:00Z#alarm"]
            assert world.verdicts()[0].monitors["drift"] == "alarm"
            bodies = world.aws.messages(world.queue)
            assert {body.rpartition("Event: ")[2] for body in bodies} == {
                "flights#ALARM#drift#2013-08-15T00:00Z#alarm\n"
            }
            assert 1 <= len(bodies) <= 2  # a lost answer of the topic is the one that is told again, with the same id

        return Scenario(("dynamodb", "sns"), lambda dynamodb, sns: world.look(dynamodb=dynamodb, sns=sns), check)

    calls = converge(aws, scenario)
    assert calls.count("TransactWriteItems") == 2
    assert "Publish" in calls


def test_a_window_of_the_far_future_waits_and_holds_nothing_up(world: World) -> None:
    store: Store = world.judge().store
    far = {**record(1), "prediction_id": "flights:UA-1:9999-12-31", "event_time": "9999-12-31T23:00:00+00:00"}
    event: dict[str, Any] = {"event_id": "1" * 32, "prediction": far, "inputs": {}, "milliseconds": None}
    windows.add_events(store, windows.Reference(world.artefact, {}), [event])
    world.day(15, SHIFTED)

    assert [verdict.start for verdict in world.look().verdicts] == ["2013-08-15T00:00Z"]


def test_a_column_may_be_held_together_with_the_windows_before(aws: Aws) -> None:
    own = {"hour": {"windows": 3, "minimum_sample": 2500}}
    world = World(aws, {"drift": {"columns": ["hour", "score"], "by_column": own}})
    for day, profile in ((12, SHIFTED), (13, USUAL), (14, USUAL), (15, SHIFTED), (16, SHIFTED), (17, SHIFTED)):
        world.day(day, profile)
    world.look()

    first, second, *full = world.verdicts()
    assert all("hour" not in one.drift and "score" in one.drift for one in (first, second))  # too few values yet
    sums = [[a + b + c for a, b, c in zip(*three, strict=True)] for three in _threes(world)]
    assert [one.drift["hour"]["counts"] for one in full] == sums
    assert [one.drift["score"]["counts"] for one in full] == [SAME["counts"]] * 4
    assert told(world) == ["ALARM#drift#2013-08-14T00:00Z#alarm"]


def _threes(world: World) -> list[list[list[int]]]:
    days: list[dict[str, Any]] = [MOVED, SAME, SAME, MOVED, MOVED, MOVED]
    return [[one["counts"] for one in days[at : at + 3]] for at in range(4)]


def test_a_column_may_have_bars_of_its_own(aws: Aws) -> None:
    drift, quality = {"hour": {"threshold": 2.0, "method": "psi"}}, {"hour": {"outside": 0.5}}
    world = World(aws, {"drift": {"by_column": drift}, "quality": {"by_column": quality}})
    world.day(15, SHIFTED)
    world.day(16, GAPS)
    world.look()

    moved, gaps = world.verdicts()
    assert (moved.drift["hour"]["bar"], moved.drift["hour"]["over"]) == (2.0, False)
    assert (gaps.quality["hour"]["missing"], gaps.quality["hour"]["over"]) == (0.2, False)
    assert told(world) == []
