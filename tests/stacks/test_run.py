"""The state machine, read as Step Functions would read it."""

from __future__ import annotations

from typing import Any

import pytest

from runtime import events
from tests.stacks.synthesis import Assembly, Json, definition, states


@pytest.fixture
def machine(local: Assembly) -> Json:
    return definition(local)


def tasks(machine: Json) -> dict[str, Json]:
    return {name: state for name, state, _ in states(machine) if state["Type"] == "Task"}


def path(machine: Json, choose: dict[str, str]) -> list[str]:
    """Return the states that a run passes when every Choice takes its default, or the one that is chosen for it."""
    name, passed = machine["StartAt"], []
    while name:
        state = machine["States"][name]
        passed.append(name)
        name = choose.get(name) or state.get("Next") or state.get("Default")
    return passed


def test_a_run_passes_its_stations_in_order(machine: Json) -> None:
    taken = path(machine, {"Decision": "Register", "GoesOn": "Deploy"})
    work = {
        "Curation": ["Curation"],
        "Features": ["Features"],
        "Training": ["Dataset", "Variants", "Sweep", "Evaluate"],
        "Release": ["Gate", "Decision", "Register", "GoesOn", "Deploy", "FirstLook", "Verify", "Settled"],
        "Scoring": ["Score"],
        "Delivery": ["Deliver"],
        "Monitoring": ["Drift"],
    }
    assert taken == [
        *("Defaults", "Given", "RunStarted"),
        *(
            state
            for name, states in work.items()
            for state in (
                f"{name}Started",
                f"{name}Freshness",
                f"{name}Fresh",
                *states,
                f"{name}Verdict",
                f"{name}Passed",
            )
        ),
        *("Finish", "Done"),
    ]


def _before(name: str) -> list[str]:
    return [f"{name}{step}" for step in ("Started", "Freshness", "Fresh")]


def test_a_fresh_station_goes_to_its_verdict_without_its_work(machine: Json) -> None:
    fresh = {f"{station.capitalize()}Fresh": f"{station.capitalize()}Verdict" for station in events.STATIONS}
    taken = path(machine, fresh)
    assert [state for state in taken if not state.endswith(("Started", "Freshness", "Fresh", "Verdict", "Passed"))] == [
        *("Defaults", "Given", "Finish", "Done")
    ]


def test_every_task_has_a_limit_of_time(machine: Json) -> None:
    assert [name for name, task in tasks(machine).items() if not task.get("TimeoutSeconds")] == []


def test_every_task_retries_with_jitter_what_passes_by_itself(machine: Json) -> None:
    for name, task in tasks(machine).items():
        assert task["Retry"], name
        for retry in task["Retry"]:
            assert retry["JitterStrategy"] == "FULL", name
            assert retry["MaxAttempts"] >= 1, name
            assert not {"States.ALL", "States.TaskFailed", "States.Timeout"} & set(retry["ErrorEquals"]), name


def test_every_task_is_caught_by_itself_or_by_what_is_around_it(machine: Json) -> None:
    catching = {name for name, state, _ in states(machine) if _catches_all(state)}
    uncaught = [
        name
        for name, state, around in states(machine)
        if state["Type"] == "Task" and name not in catching and around not in catching
    ]
    assert uncaught == []


def _catches_all(state: Json) -> bool:
    return any(catch["ErrorEquals"] == ["States.ALL"] for catch in state.get("Catch", []))


@pytest.mark.parametrize("station", events.STATIONS)
def test_a_station_that_fails_or_halts_ends_the_run_in_its_own_name(machine: Json, station: str) -> None:
    name = station.capitalize()
    failed, halted = machine["States"][f"{name}Failed"], machine["States"][f"{name}Halted"]
    assert failed["Parameters"] == {"station": station, "status": "failed", "error.$": "$.error"}
    assert halted["Parameters"]["station"] == station
    assert halted["Parameters"]["status"] == "halted"
    assert failed["Next"] == halted["Next"] == "Failure"
    assert machine["States"][f"{name}Passed"]["Choices"][0] == (
        {"Variable": "$.verdict.status", "StringEquals": "halted", "Next": f"{name}Halted"}
    )


def test_only_a_version_that_waits_for_a_person_lets_a_run_end_well_before_its_last_station(machine: Json) -> None:
    more = {name: state["Choices"][1:] for name, state in machine["States"].items() if name.endswith("Passed")}
    assert {name: choices for name, choices in more.items() if choices} == {
        "ReleasePassed": [{"Variable": "$.verdict.status", "StringEquals": "waiting", "Next": "Finish"}]
    }


def test_a_version_that_is_not_to_be_released_goes_to_the_verdict(machine: Json) -> None:
    assert path(machine, {"Decision": "Register", "ReleasePassed": "Finish"})[-6:] == [
        *("Register", "GoesOn", "ReleaseVerdict", "ReleasePassed", "Finish", "Done")
    ]


def test_a_halted_run_ends_under_the_name_halted_with_its_message(machine: Json) -> None:
    assert path(machine, {"RunStarted": "CurationHalted", "HaltedOrFailed": "Halted"})[-1] == "Halted"
    assert machine["States"]["Halted"] == {"Type": "Fail", "Error": "Halted", "CausePath": "$.failure.message"}


def test_state_holds_references_only(machine: Json) -> None:
    """Whatever a task answers, state keeps nothing of it but a few named keys."""
    for name, state, _ in states(machine):
        if state["Type"] in ("Task", "Map", "Parallel"):
            kept = state.get("ResultSelector", {})
            assert state["ResultPath"] is None or kept, name
            assert all(value.startswith("$.Payload.") for value in kept.values()), name


def test_state_stays_small_at_the_largest_that_its_sources_may_say(machine: Json) -> None:
    """A handler's longest answer is a message of a thousand characters."""
    keys = [key for state in tasks(machine).values() for key in state.get("ResultSelector", {})]
    variants = machine["States"]["Variants"]["Result"]
    assert len(keys) * 1100 + sum(map(len, variants)) < 64 * 1024


def test_a_jobs_own_limit_comes_before_the_states(local: Assembly, machine: Json) -> None:
    limits = {
        command(job)[0]: job["Timeout"]["AttemptDurationSeconds"]
        for job in local.properties("AWS::Batch::JobDefinition").values()
    }
    waiting = {
        name.lower(): task["TimeoutSeconds"] for name, task in tasks(machine).items() if "batch:" in task["Resource"]
    }
    del limits["maintain"]  # no run waits for it
    assert set(limits) == set(waiting) == {"dataset", "train", "evaluate", "score"}
    assert all(waiting[name] > limit + 15 * 60 for name, limit in limits.items())
    assert all("Timeout" not in task["Parameters"] for task in tasks(machine).values())


def test_the_time_to_train_is_the_lines(local: Assembly) -> None:
    from config.loading import load_bundle

    minutes = load_bundle("flights").definition.training.timeout_minutes
    jobs = {command(job)[0]: job for job in local.properties("AWS::Batch::JobDefinition").values()}
    assert jobs["train"]["Timeout"] == {"AttemptDurationSeconds": 60 * minutes}


def test_a_job_is_tried_once(local: Assembly) -> None:
    for job in local.properties("AWS::Batch::JobDefinition").values():
        assert job["RetryStrategy"] == {"Attempts": 1}
    for job in local.properties("AWS::Glue::Job").values():
        assert job["MaxRetries"] == 0


def test_each_variant_and_baseline_is_trained(machine: Json) -> None:
    from config.loading import load_bundle

    training = load_bundle("flights").definition.training
    assert machine["States"]["Variants"]["Result"] == [v.name for v in (*training.trials, *training.baselines)]
    assert machine["States"]["Sweep"]["MaxConcurrency"] == training.concurrency


def test_a_wait_for_the_endpoint_ends(machine: Json) -> None:
    settled = machine["States"]["Settled"]["Choices"]
    assert [choice["Next"] for choice in settled] == ["Wait", "Stuck"]
    assert {"Variable": "$.looks.count", "NumericLessThan": 60} in settled[0]["And"]
    assert machine["States"]["Stuck"]["Next"] == "ReleaseFailed"


def command(job: Json) -> list[Any]:
    found: list[Any] = job["ContainerProperties"]["Command"]
    return found
