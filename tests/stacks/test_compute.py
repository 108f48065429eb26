"""The machines that a line trains on: what is made for each, and only where a line wants it."""

from __future__ import annotations

import json
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

import app
from assembly_line.training_job import has_own_disk
from config.bundle import Bundle
from config.compute import Compute
from config.loading import load_bundle, load_environment
from stacks.checks import check
from stacks.foundation import FoundationStack
from stacks.line import LineStack
from tests.stacks.synthesis import Assembly, Json, definition, resolved, states

ENV = cdk.Environment(account="123456789012", region="us-east-1")
MACHINE = "AWS::StepFunctions::StateMachine"

SPOT: Json = {"spot": True, "vcpu": 4, "memory_mb": 16384}
GPU: Json = {"gpus": 1, "spot": True, "vcpu": 4, "memory_mb": 15000, "instance_type": "g5.xlarge"}
SAGEMAKER: Json = {"on": "sagemaker", "spot": True}
KINDS = {"spot": SPOT, "gpu": GPU, "sagemaker": SAGEMAKER}


@lru_cache
def synthesized(kind: str) -> tuple[Assembly, cdk.App]:
    """Return the templates of a line that trains on these machines, and their app."""
    flights = load_bundle("flights")
    said = flights.definition.model_dump()
    said["training"] = {**said["training"], "compute": KINDS[kind]}
    bundle = Bundle.model_validate({**flights.model_dump(), "definition": said})
    directory = Path(tempfile.mkdtemp())
    made = app.new_app(
        outdir=str(directory), context={"aws:cdk:bundling-stacks": []}, builtin_cloud_formation_validation=False
    )
    foundation = FoundationStack(made, "Foundation", environment=load_environment("local"), env=ENV)
    LineStack(made, "Flights", foundation=foundation, bundle=bundle, env=ENV)
    made.synth()
    templates = {
        stack: json.loads((directory / f"{stack}.template.json").read_text()) for stack in ("Foundation", "Flights")
    }
    return Assembly(environment="local", directory=directory, templates=templates), made


def only(kind: str, type_: str, **wanted: Any) -> Json:
    """Return the properties of the one resource of a type that says this of itself."""
    assembly, _ = synthesized(kind)
    (found,) = [
        properties
        for properties in assembly.properties(type_).values()
        if all(properties.get(name) == value for name, value in wanted.items())
    ]
    return found


def train_job(kind: str) -> Json:
    jobs = synthesized(kind)[0].properties("AWS::Batch::JobDefinition").values()
    return next(job for job in jobs if job["ContainerProperties"]["Command"][0] == "train")


def train_state(kind: str) -> Json:
    return next(state for name, state, _ in states(definition(synthesized(kind)[0])) if name == "Train")


def given(kind: str, action: str) -> list[Json]:
    """Return the statements that give an action to some role."""
    return [said for _, said in synthesized(kind)[0].statements() if action in said["Action"]]


@pytest.mark.parametrize("kind", ["gpu", "sagemaker"])
def test_packs_and_cfn_lint_have_nothing_to_say(kind: str) -> None:
    assembly, made = synthesized(kind)
    assert [str(one) for one in check(made) if not one.reason] == []
    machines = {
        name: {"Type": MACHINE, "Properties": resource["Properties"]}
        for name, resource in resolved(assembly, "Flights")["Resources"].items()
        if resource["Type"] == MACHINE
    }
    for template in (assembly.templates["Foundation"], {"Resources": machines}):
        assert [str(match) for match in lint(json.dumps(template), config=ManualArgs(regions=["us-east-1"]))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_outlives_its_job_and_retries_with_jitter(kind: str) -> None:
    state = train_state(kind)
    limit = 10 * 60  # the line's time to train
    assert state["TimeoutSeconds"] >= limit + 20 * 60
    assert [retry["JitterStrategy"] for retry in state["Retry"]] == ["FULL"]


def test_a_line_that_wants_nothing_special_makes_no_other_machines(local: Assembly) -> None:
    assert [machines["ComputeResources"]["Type"] for machines in environments(local)] == ["FARGATE"]
    assert list(local.resources("AWS::EC2::LaunchTemplate", "AWS::IAM::InstanceProfile")) == []


def environments(assembly: Assembly) -> list[Json]:
    return list(assembly.properties("AWS::Batch::ComputeEnvironment").values())


def test_sagemaker_needs_no_machines_of_batch() -> None:
    assert len(environments(synthesized("sagemaker")[0])) == 1


def test_spot_without_gpus_is_fargate_spot_in_a_queue_of_its_own() -> None:
    kinds = [machines["ComputeResources"]["Type"] for machines in environments(synthesized("spot")[0])]
    assert sorted(kinds) == ["FARGATE", "FARGATE_SPOT"]
    needs = {need["Type"]: need["Value"] for need in train_job("spot")["ContainerProperties"]["ResourceRequirements"]}
    assert needs == {"VCPU": "4", "MEMORY": "16384"}


@pytest.mark.parametrize("kind", ["spot", "gpu"])
def test_a_training_is_tried_again_when_its_machine_is_lost_and_never_otherwise(kind: str) -> None:
    assert train_job(kind)["RetryStrategy"] == {
        "Attempts": 4,
        "EvaluateOnExit": [
            {"Action": "RETRY", "OnStatusReason": "Host EC2*"},
            {"Action": "RETRY", "OnStatusReason": "Your Spot Task was interrupted*"},
            {"Action": "EXIT", "OnReason": "*"},
        ],
    }
    others = synthesized(kind)[0].properties("AWS::Batch::JobDefinition").values()
    assert [job["RetryStrategy"] for job in others if job != train_job(kind)] == [{"Attempts": 1}] * (len(others) - 1)


def test_gpus_are_on_hosts_that_exist_only_while_something_waits() -> None:
    machines = next(
        found["ComputeResources"]
        for found in environments(synthesized("gpu")[0])
        if found["ComputeResources"]["Type"] == "SPOT"
    )
    assert machines["MinvCpus"] == 0
    assert machines["InstanceTypes"] == ["g5.xlarge"]
    assert machines["Ec2Configuration"] == [{"ImageType": "ECS_AL2023_NVIDIA"}]
    needs = train_job("gpu")["ContainerProperties"]["ResourceRequirements"]
    assert {"Type": "GPU", "Value": "1"} in needs
    assert train_job("gpu")["PlatformCapabilities"] == ["EC2"]


def test_a_host_keeps_its_role_from_containers_and_its_disk_encrypted() -> None:
    template = only("gpu", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert template["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert [disk["Ebs"]["Encrypted"] for disk in template["BlockDeviceMappings"]] == [True]


def test_only_the_trainings_of_a_line_go_to_its_own_machines() -> None:
    machine = definition(synthesized("spot")[0])
    queues = {
        name: state["Parameters"]["JobQueue"]
        for name, state, _ in states(machine)
        if "batch:submitJob" in state.get("Resource", "")
    }
    assert len({queue for name, queue in queues.items() if name != "Train"}) == 1
    assert queues["Train"] not in {queue for name, queue in queues.items() if name != "Train"}


def test_on_sagemaker_the_same_image_trains_with_the_same_arguments() -> None:
    state = train_state("sagemaker")
    asked = state["Parameters"]
    assert state["Resource"].endswith(":states:::sagemaker:createTrainingJob.sync")
    assert asked["AlgorithmSpecification"]["TrainingInputMode"] == "File"
    assert ".dkr.ecr." in asked["AlgorithmSpecification"]["TrainingImage"]
    told = asked["HyperParameters"]
    batch = {word.removeprefix("--") for word in train_job("spot")["ContainerProperties"]["Command"][1::2]}
    assert {name.removesuffix(".$").replace("_", "-") for name in told} == batch
    assert asked["TrainingJobName.$"].startswith("States.Format('flights-{}', States.Hash(")
    assert asked["OutputDataConfig"]["KmsKeyId"]


def test_a_spot_training_may_wait_longer_than_it_may_run() -> None:
    asked = train_state("sagemaker")["Parameters"]
    limits = asked["StoppingCondition"]
    assert asked["EnableManagedSpotTraining"] is True
    assert limits["MaxRuntimeInSeconds"] == 600
    assert train_state("sagemaker")["TimeoutSeconds"] > limits["MaxWaitTimeInSeconds"] > limits["MaxRuntimeInSeconds"]


@pytest.mark.parametrize("machine", ["ml.g5.xlarge", "ml.p4d.24xlarge", "ml.m5d.large", "ml.m6id.large"])
def test_sagemaker_takes_no_key_for_machines_with_disks_of_their_own(machine: str) -> None:
    assert "VolumeKmsKeyId" in train_state("sagemaker")["Parameters"]["ResourceConfig"]
    assert has_own_disk(machine)


def test_the_run_may_start_the_lines_training_jobs_only_and_pass_their_role_to_sagemaker_only() -> None:
    (statement,) = given("sagemaker", "sagemaker:CreateTrainingJob")
    assert json.dumps(statement["Resource"]).endswith(':training-job/flights-*"')
    assert set(statement["Action"]) == {
        "sagemaker:AddTags",
        "sagemaker:CreateTrainingJob",
        "sagemaker:DescribeTrainingJob",
        "sagemaker:StopTrainingJob",
    }
    for passing in given("sagemaker", "iam:PassRole"):
        assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


@pytest.mark.parametrize("kind", ["gpu", "sagemaker"])
def test_no_role_is_given_a_managed_policy_or_an_action_with_a_wildcard(kind: str) -> None:
    assembly, _ = synthesized(kind)
    assert [role for role in assembly.properties("AWS::IAM::Role").values() if role.get("ManagedPolicyArns")] == []
    assert [said for _, said in assembly.statements() if "*" in json.dumps(said["Action"])] == []


def test_an_environment_says_it_in_place_of_the_line() -> None:
    from config.compute import compute_of

    line = load_bundle("flights").definition
    chosen = load_environment("local").model_copy(update={"compute": {"flights": Compute(spot=True)}})
    assert compute_of(line, chosen).spot
    assert not compute_of(line, load_environment("local")).spot


def test_a_training_may_change_the_ledger_and_delete_nothing_but_checkpoints(local: Assembly) -> None:
    rights: dict[str, Json] = {}
    for name, policy in local.properties("AWS::IAM::Policy").items():
        if "TrainingTrainJobRole" in name:
            for said in policy["PolicyDocument"]["Statement"]:
                actions = said["Action"] if isinstance(said["Action"], list) else [said["Action"]]
                rights |= dict.fromkeys(actions, said)
    assert {action for action in rights if action.startswith("dynamodb:")} == {"dynamodb:UpdateItem"}
    attempts_alone = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["ATTEMPTS#flights"]}}
    assert rights["dynamodb:UpdateItem"]["Condition"] == attempts_alone
    assert json.dumps(rights["s3:DeleteObject"]["Resource"]).endswith('/flights/*.checkpoint.tar"]]}')
