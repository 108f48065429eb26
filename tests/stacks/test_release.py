"""The release machine, the keys of models, and who may use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime import approval
from tests.stacks.synthesis import Assembly, Json, definition, states, synthesized
from tests.stacks.test_run import path


@pytest.fixture
def local() -> Assembly:
    return synthesized("local")


@pytest.fixture
def machine(local: Assembly) -> Json:
    return definition(local, "Release")


def grants(local: Assembly, action: str) -> set[str]:
    """Return the roles that may do an action, as the name of who has it."""
    given = {where for where, statement in local.statements() if action in _listed(statement["Action"])}
    return {where.partition("/")[2] for where in given}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def who(names: set[str]) -> list[str]:
    known = ["ReleaseRegister", "ReleaseDeploy", "ReleaseVerify", "ReleaseMachineRollback", "ScoringJob"]
    assert all(any(name.startswith(one) for one in known) for name in names), names
    return sorted(one for one in known if any(name.startswith(one) for name in names))


def test_only_who_registers_signs_and_only_who_releases_or_scores_verifies(local: Assembly) -> None:
    assert who(grants(local, "kms:Sign")) == ["ReleaseRegister"]
    assert who(grants(local, "kms:Verify")) == [
        *("ReleaseDeploy", "ReleaseMachineRollback", "ReleaseVerify", "ScoringJob")
    ]


def test_training_has_neither(local: Assembly) -> None:
    training = {where for where, _ in local.statements() if "Training" in where}
    assert training
    assert not any(name in where for where in training for name in grants(local, "kms:Sign"))
    assert not any(name in where for where in training for name in grants(local, "kms:Verify"))


@pytest.mark.parametrize(("environment", "stays"), [("local", "Delete"), ("prod", "Retain")])
def test_models_are_signed_with_a_key_of_its_own_that_stays_with_the_data(environment: str, stays: str) -> None:
    keys = [resource for _, resource in synthesized(environment).resources("AWS::KMS::Key")]
    (signing,) = [key for key in keys if key["Properties"].get("KeyUsage") == "SIGN_VERIFY"]
    assert signing["Properties"]["KeySpec"] == "ECC_NIST_P256"
    assert signing["DeletionPolicy"] == stays


@pytest.mark.parametrize(("environment", "asks"), [("local", "automatic"), ("dev", "automatic"), ("prod", "manual")])
def test_a_person_approves_in_prod_only(environment: str, asks: str) -> None:
    functions = synthesized(environment).properties("AWS::Lambda::Function").values()
    (register,) = [one for one in functions if one["Handler"] == "lambdas.release.register.handler"]
    assert register["Environment"]["Variables"]["APPROVAL"] == asks


def test_an_approval_is_chosen_deployed_and_verified(machine: Json) -> None:
    taken = path(machine, {"Action": "Approve", "GoesOn": "Deploy", "InService": "Done"})
    assert taken == [
        *("Defaults", "Given", "Action", "Approve", "GoesOn", "Deploy", "Asked"),
        *("FirstLook", "Verify", "Settled", "InService", "Done"),
    ]


def test_a_rollback_asks_for_the_former_version_and_verifies_it(machine: Json) -> None:
    taken = path(machine, {"Action": "RollBack", "InService": "Done"})
    assert taken == [
        *("Defaults", "Given", "Action", "RollBack", "FirstLook", "Verify", "Settled", "InService", "Done")
    ]


def test_what_was_not_released_fails_with_its_message(machine: Json) -> None:
    assert path(machine, {"Action": "RollBack"})[-1] == "NotReleased"
    assert machine["States"]["NotReleased"]["CausePath"] == "$.verification.message"
    assert path(machine, {})[-1] == "Unknown"


def tasks(machine: Json) -> Iterator[tuple[str, Json]]:
    yield from ((name, state) for name, state, _ in states(machine) if state["Type"] == "Task")


def test_every_task_has_a_limit_a_retry_and_a_catch(machine: Json) -> None:
    for name, task in tasks(machine):
        assert task["TimeoutSeconds"] > 0, name
        assert task["Retry"], name
        assert [catch["ErrorEquals"] for catch in task["Catch"]] == [["States.ALL"]], name
        assert all(value.startswith("$.Payload.") for value in task["ResultSelector"].values()), name


def test_the_machine_calls_the_runs_own_handlers(local: Assembly, machine: Json) -> None:
    called = {name: task["Parameters"]["FunctionName"] for name, task in tasks(machine)}
    run = {
        name: state["Parameters"].get("FunctionName")
        for name, state, _ in states(definition(local))
        if name in ("Deploy", "Verify")
    }
    assert {name: called[name] for name in run} == run


def test_an_approval_in_the_lines_own_group_is_heard(local: Assembly) -> None:
    (group,) = local.properties("AWS::SageMaker::ModelPackageGroup").values()
    rules = [rule for rule in local.properties("AWS::Events::Rule").values() if "EventPattern" in rule]
    (heard,) = [rule for rule in rules if rule["EventPattern"]["source"] == ["aws.sagemaker"]]
    assert heard["EventPattern"] == approval.pattern(group["ModelPackageGroupName"])
    (target,) = heard["Targets"]
    assert target["DeadLetterConfig"]["Arn"]


def test_the_machine_is_gone_before_what_it_could_make_again_is_deleted(local: Assembly) -> None:
    template = json.loads(Path(local.directory / "Flights.template.json").read_text())["Resources"]
    (made_by_runs,) = [name for name, one in template.items() if one["Type"] == "Custom::MadeByRuns"]
    (machine,) = [name for name in template if name.startswith("ReleaseMachineStateMachine")]
    assert made_by_runs in template[machine]["DependsOn"]
