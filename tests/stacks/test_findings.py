"""What five packs and cfn-lint say of each environment, and our own audit of what was accepted."""

from __future__ import annotations

import atexit
import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

import app
from assembly_line.permissions import SHORTEST_REASON, acknowledge
from config.loading import environment_names, line_names, load_branch, load_environment
from stacks.checks import Finding, check
from tests.stacks.synthesis import resolved, synthesized

ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
MACHINE = "AWS::StepFunctions::StateMachine"
BRANCH = "branch"
PACKS = {"AwsSolutions", "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321", "AssemblyLine"}

_SCRATCH = tempfile.TemporaryDirectory()
atexit.register(_SCRATCH.cleanup)


@dataclass(frozen=True)
class Checked:
    """An environment with all lines, as it is deployed: what was found, and every acceptance by (path, finding)."""

    findings: list[Finding]
    accepted: dict[tuple[str, str], str]


@lru_cache
def checked(environment: str) -> Checked:
    folder = Path(_SCRATCH.name) / environment
    made = app.new_app(
        outdir=str(folder), context={"aws:cdk:bundling-stacks": []}, builtin_cloud_formation_validation=False
    )
    wanted = (
        load_branch("feature/prices", "ada@example.com") if environment == BRANCH else load_environment(environment)
    )
    app.build(made, environment=wanted, lines=line_names())
    found = check(made)
    return Checked(
        findings=found,
        accepted={
            (path.strip("/"), rule.partition("::")[2]): reason
            for file in folder.glob("*.metadata.json")
            for path, entries in json.loads(file.read_text()).items()
            for entry in entries
            if entry["type"] == ACKNOWLEDGED
            for rule, reason in entry["data"].items()
            if rule.partition("::")[0] in PACKS  # CDK accepts findings of its own validation in the same way
        },
    )


@pytest.fixture(params=environment_names())
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_no_pack_finds_anything_that_was_not_accepted(environment: str) -> None:
    assert [str(one) for one in checked(environment).findings if not one.reason] == []


def test_each_acceptance_accepts_a_finding_of_one_resource(environment: str) -> None:
    used = Counter((one.accepted_at, one.rule) for one in checked(environment).findings if one.reason)
    assert set(used) == set(checked(environment).accepted)  # none is stale, none has an id that no pack knows
    assert {count for (_, rule), count in used.items()} == {1}


def test_each_acceptance_has_a_reason_and_stands_below_its_stack(environment: str) -> None:
    accepted = checked(environment).accepted
    assert [key for key, reason in accepted.items() if len(reason) < SHORTEST_REASON] == []
    assert [path for path, _ in accepted if path.count("/") < 2] == []  # neither the app nor a stack as a whole


def test_nothing_of_our_own_pack_is_accepted(environment: str) -> None:
    assert [key for key in checked(environment).accepted if key[1].startswith("AssemblyLine-")] == []


def test_a_reason_that_says_too_little_is_refused(tmp_path: Path) -> None:
    bucket = s3.Bucket(cdk.Stack(cdk.App(outdir=str(tmp_path)), "Bad"), "Data")
    with pytest.raises(ValueError, match=r"^Bad/Data: reason 'later' for AwsSolutions-S1 is too short, say why"):
        acknowledge(bucket, "AwsSolutions-S1", "later")


def test_a_fault_fails_the_synthesis_with_its_resource_and_the_mend(tmp_path: Path) -> None:
    made = app.new_app(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(made, "Bad", synthesizer=cdk.BootstraplessSynthesizer())
    kms.Key(stack, "Key", enable_key_rotation=True, removal_policy=cdk.RemovalPolicy.RETAIN)
    assert [(one.rule, one.path, one.says) for one in check(made)] == [
        (
            "AssemblyLine-NothingLeft",
            "Bad/Key/Resource",
            f"an environment that does not keep its data leaves nothing behind ({policy}); "
            "give it RemovalPolicy.DESTROY unless environment.retain_data",
        )
        for policy in ("DeletionPolicy", "UpdateReplacePolicy")
    ]
    with pytest.raises(RuntimeError, match="AssemblyLine-NothingLeft"):
        made.synth(force=True)


@pytest.mark.parametrize("environment", [pytest.param("local", marks=pytest.mark.thorough), "prod"])
def test_cfn_lint_is_clean_also_with_the_state_machine_resolved(environment: str) -> None:
    assembly = synthesized(environment)
    region = "us-east-1" if environment == "local" else "eu-central-1"
    for stack, template in assembly.templates.items():
        assert [str(match) for match in lint(json.dumps(template), config=ManualArgs(regions=[region]))] == []
        alone = {
            logical_id: {"Type": MACHINE, "Properties": resource["Properties"]}
            for logical_id, resource in resolved(assembly, stack)["Resources"].items()
            if resource["Type"] == MACHINE
        }
        if alone:  # cfn-lint reads a definition only where no function stands in it
            matches = lint(json.dumps({"Resources": alone}), config=ManualArgs(regions=[region]))
            assert [str(match) for match in matches] == []
