"""DORA's figures on a small history, and on any history beside a recomputation by plain loops."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.chronicle import Alarm
from runtime.records import Commit, Deploy
from runtime.throughput.innovation import Incident, InnovationJourney, incidents, innovation

BEGIN = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
HOUR = 3600.0


def at(hours: float) -> dt.datetime:
    return BEGIN + dt.timedelta(hours=hours)


def deploy(
    id_: str, hours: float, *commits: tuple[str, float, float | None], to: str = "prod", good: bool = True
) -> Deploy:
    made = tuple(Commit(name, at(wrote), None if merged is None else at(merged)) for name, wrote, merged in commits)
    return Deploy(to, id_, at(hours), "succeeded" if good else "failed", id_, made)


@pytest.fixture(scope="module")
def journey() -> InnovationJourney:
    """Two ideas come to dev, one of them to prod, at the second attempt; an alarm rings for two hours."""
    one, two = ("a", 0, 8), ("b", 2, 20)
    return innovation(
        {
            "dev": [deploy("d1", 10, one, to="dev"), deploy("d2", 24, two, to="dev")],
            "prod": [deploy("p1", 30, one, good=False), deploy("p2", 34, one), deploy("p3", 100)],
        },
        [Incident("errors", at(40), at(42)), Incident("late", at(90), at(91))],
        now=at(168),
        since=at(0),
    )


def test_the_four_figures_are_doras(journey: InnovationJourney) -> None:
    assert (journey.changes, journey.failed_deploys, journey.failed, journey.failure_rate) == (3, 1, 2, 2 / 3)
    assert journey.per_week == 2.0
    assert (journey.lead.count, journey.lead.median) == (1, 34 * HOUR)
    assert (journey.restore.count, journey.restore.total, journey.unrestored) == (2, (4 + 2) * HOUR, 0)


def test_ideas_wait_where_the_next_place_has_not_seen_them(journey: InnovationJourney) -> None:
    steps = {(step.before, step.after): step for step in journey.steps}
    assert (steps["dev", "prod"].waiting, steps["dev", "prod"].oldest_seconds) == (1, (168 - 24) * HOUR)
    assert steps["written", "merged"].took.total == (8 + 18) * HOUR
    assert journey.slowest == "dev → prod"


def test_alarms_become_incidents_but_for_those_of_the_world() -> None:
    def rang(hours: float, name: str, state: str) -> Alarm:
        return Alarm(at(hours), f"AssemblyLine-prod-Drift-{name}1A2B-C3", state, "", "")

    told = [
        rang(3, "RunsAlarm", "OK"),
        rang(1, "RunsAlarm", "ALARM"),
        rang(2, "RunsAlarm", "INSUFFICIENT_DATA"),
        rang(2, "RunsAlarm", "ALARM"),
        rang(1, "MonitoringDriftAlarm", "ALARM"),
        rang(1, "LineAlarm", "ALARM"),
        rang(4, "QueueAlarm", "ALARM"),
        rang(4, "OtherAlarm", "OK"),
    ]
    assert [(one.at, one.restored) for one in incidents(told)] == [(at(1), at(3)), (at(4), None)]


def test_an_environment_without_a_deploy_has_no_shares() -> None:
    found = innovation({"prod": []}, now=at(1), unreadable={"qa": "no access"})
    assert (found.changes, found.failure_rate, found.slowest, found.unreadable) == (0, None, None, {"qa": "no access"})


_COMMITS = st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 50), st.none() | st.integers(0, 60)), max_size=3)
_DEPLOYS = st.lists(st.tuples(st.integers(0, 400), _COMMITS, st.booleans()), max_size=6)
_RANG = st.lists(st.tuples(st.integers(0, 400), st.none() | st.integers(0, 30)), max_size=4)


@settings(max_examples=60, deadline=None)
@given(_DEPLOYS, _DEPLOYS, _RANG, st.sampled_from([None, 100]), st.sampled_from([None, 300]))
def test_on_any_history_every_figure_equals_a_plain_recomputation(
    dev: list[Any], prod: list[Any], rang: list[Any], since: int | None, until: int | None
) -> None:
    history = {
        name: [
            deploy(f"{name}{i}", hours, *commits, to=name, good=good) for i, (hours, commits, good) in enumerate(each)
        ]
        for name, each in (("dev", dev), ("prod", prod))
    }
    happened = [Incident("x", at(hours), None if lasts is None else at(hours + lasts)) for hours, lasts in rang]

    found = innovation(
        history,
        happened,
        now=at(500),
        since=None if since is None else at(since),
        until=None if until is None else at(until),
    )

    expected = _plain(history, happened, since, 500 if until is None else until)
    seen = {
        "changes": found.changes,
        "failed": found.failed,
        "lead": found.lead.total,
        "restore": found.restore.total,
        "unrestored": found.unrestored,
        "steps": [(step.took.count, step.took.total, step.waiting) for step in found.steps],
        "weeks": sum(week.changes for week in found.weeks),
    }
    assert seen == expected


def _plain(history: dict[str, list[Deploy]], happened: list[Incident], since: int | None, until: int) -> dict[str, Any]:
    begin = BEGIN if since is None else at(since)
    prod = sorted(history["prod"], key=lambda one: (one.at, one.id))
    own = [one for one in prod if begin <= one.at < at(until)]
    good = [one for one in own if one.status == "succeeded"]
    failed, restore, unrestored = set(), 0.0, 0
    for incident in happened:
        culprits = [one for one in good if one.at <= incident.at <= one.at + dt.timedelta(days=1)]
        later = [one for one in good if culprits and culprits[-1].at < one.at <= incident.at]
        if culprits and not later:
            failed.add(culprits[-1].id)
            restore += (incident.restored - incident.at).total_seconds() if incident.restored else 0
            unrestored += incident.restored is None
    for i, one in enumerate(own):
        if one.status == "succeeded":
            continue
        failed.add(one.id)
        if i and own[i - 1].status != "succeeded":
            continue
        mended = [other.at for other in own[i:] if other.status == "succeeded"]
        restore += (mended[0] - one.at).total_seconds() if mended else 0
        unrestored += not mended
    lead: dict[str, float] = {}
    for one in good:
        for commit in one.commits:
            earlier = [
                other
                for other in prod
                if other.status == "succeeded"
                and other.at < one.at
                and any(each.commit == commit.commit for each in other.commits)
            ]
            if not earlier:
                lead[commit.commit] = max(0.0, (one.at - commit.authored).total_seconds())
    return {
        "changes": len(own),
        "failed": len(failed),
        "lead": sum(lead.values()),
        "restore": restore,
        "unrestored": unrestored,
        "steps": _plain_steps(history, since, until),
        "weeks": len(own),
    }


def _plain_steps(history: dict[str, list[Deploy]], since: int | None, until: int) -> list[tuple[int, float, int]]:
    ways: dict[str, dict[str, dt.datetime]] = {}
    for name in ("dev", "prod"):
        for one in sorted(history[name], key=lambda each: (each.at, each.id)):
            for commit in one.commits if one.status == "succeeded" and one.at < at(until) else ():
                way = ways.setdefault(commit.commit, {})
                way.setdefault("written", commit.authored)
                if commit.merged is not None and "merged" not in way:
                    way["merged"] = commit.merged
                way.setdefault(name, one.at)
    counted = [way for way in ways.values() if since is None or max(way.values()) >= at(since)]
    order = ["written", "merged", "dev", "prod"]
    found = []
    for before, after in pairwise(order):
        took = [(way[after] - way[before]).total_seconds() for way in counted if before in way and after in way]
        waits = [way for way in counted if before in way and not set(way) & set(order[order.index(after) :])]
        found.append((len(took), sum(max(0.0, each) for each in took), len(waits)))
    return found
