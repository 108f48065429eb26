"""The workbench's stack, open as in dev and inside a closed network as prod would have it."""

from __future__ import annotations

import atexit
import base64
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

import app
from assembly_line.workbench_start import LONGEST, start_script
from config.environment import Environment
from config.loading import load_environment
from config.prices import load_prices
from config.workbench import Workbench
from local.policy import decide, statements
from local.template import Template
from runtime.cost.estimate import estimate
from stacks.checks import Finding, check

Json = dict[str, Any]

REGION, ACCOUNT, LONGEST_POLICY = "eu-central-1", "222222222222", 10_240
START = "AWS::SageMaker::StudioLifecycleConfig"
CLOSED = Workbench(
    profiles=["ada", "grace-h"],
    auth="SSO",
    repository="https://git.example.com/lines.git",
    token_secret="git/reader",
    package_index="https://packages.example.com/simple/",
)

_SCRATCH = tempfile.TemporaryDirectory()
atexit.register(_SCRATCH.cleanup)


def environment(name: str) -> Environment:
    """Return dev as its file says, or prod with a workbench."""
    found = load_environment(name)
    return found if found.workbench else found.model_copy(update={"workbench": CLOSED})


@cache
def built(name: str) -> tuple[dict[str, Json], list[Finding], Json]:
    """Return an environment's templates by stack, what the packs found in prod, and the assembly's manifest."""
    folder = Path(_SCRATCH.name) / name
    made = app.new_app(
        outdir=str(folder), context={"aws:cdk:bundling-stacks": []}, builtin_cloud_formation_validation=False
    )
    app.build(made, environment=environment(name), lines=[])
    found: list[Finding] = []
    if name == "prod":  # test_findings.py looks at dev as its file has it
        found = check(made)
    else:
        made.synth()
    templates = {one: json.loads((folder / f"{one}.template.json").read_text()) for one in ("Foundation", "Workbench")}
    return templates, found, json.loads((folder / "manifest.json").read_text())


def resources(name: str, kind: str, stack: str = "Workbench") -> dict[str, Json]:
    found = built(name)[0][stack]["Resources"].items()
    return {id_: resource for id_, resource in found if resource["Type"] == kind}


def one(name: str, kind: str) -> Json:
    (found,) = resources(name, kind).values()
    return dict(found)


def resolved(name: str) -> Json:
    """Return the workbench's resources with each function replaced by a value such as AWS would give."""

    def made(id_: str, attribute: str | None) -> str:
        if attribute is None:
            return "d-abc" if "Domain" in id_ else "assembly-line-workbench" if "Queries" in id_ else id_.lower()
        return f"arn:aws:iam::{ACCOUNT}:role/{id_}"

    body = built(name)[0]["Workbench"]
    template = Template(
        body,
        stack="Workbench",
        account=ACCOUNT,
        region=REGION,
        attribute=made,
        export=lambda name: exported(name.rsplit(":", 1)[-1]),
        ssm=lambda name: name,
    )
    found: Json = template.resolve(body["Resources"])
    return found


def exported(name: str) -> str:
    if "Key" in name and "Arn" in name:
        return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{'signing' if 'Signing' in name else 'data'}"
    return next((part for part in ("raw", "lake", "models", "delivered", "ledger") if part in name.lower()), "other")


def policy(name: str, profile: str) -> Json:
    (found,) = [
        resource["Properties"]["PolicyDocument"]
        for id_, resource in resolved(name).items()
        if resource["Type"] == "AWS::IAM::Policy" and id_.startswith(f"StudioProfile{profile}")
    ]
    return dict(found)


def test_no_pack_finds_anything_that_was_not_accepted() -> None:
    found = built("prod")[1]
    assert [str(each) for each in found if not each.reason] == []
    assert any(each.path.startswith("Workbench/") for each in found)


@pytest.mark.parametrize("name", [pytest.param("dev", marks=pytest.mark.thorough), "prod"])
def test_cfn_lint_is_clean(name: str) -> None:
    text = json.dumps(built(name)[0]["Workbench"])
    assert [str(match) for match in lint(text, config=ManualArgs(regions=[REGION]))] == []


def test_only_an_environment_that_asks_for_one_has_a_workbench(tmp_path: Path) -> None:
    made = app.new_app(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    app.build(made, environment="qa", lines=[])
    assert [stack.node.id for stack in made.node.children] == ["Foundation"]
    assert "Spaces" not in (Path(made.synth().directory) / "Foundation.template.json").read_text()
    assert "Workbench" in built("dev")[2]["artifacts"]


@pytest.mark.parametrize(("name", "protected"), [("dev", False), ("prod", True)])
def test_the_stack_is_protected_as_the_environment_is(name: str, protected: bool) -> None:
    stack = built(name)[2]["artifacts"]["Workbench"]["properties"]
    assert stack["stackName"] == f"AssemblyLine-{name}-Workbench"
    assert stack.get("terminationProtection", False) is protected


@pytest.mark.parametrize(("name", "policy", "homes"), [("dev", "Delete", "Disabled"), ("prod", "Retain", "Enabled")])
def test_homes_survive_only_where_the_environment_retains_data(name: str, policy: str, homes: str) -> None:
    for kind in ("AWS::SageMaker::Domain", "AWS::SageMaker::UserProfile"):
        assert {resource["DeletionPolicy"] for resource in resources(name, kind).values()} == {policy}
    domain = one(name, "AWS::SageMaker::Domain")["Properties"]
    assert domain["HomeEfsFileSystemCreation"] == domain["DefaultUserSettings"]["AutoMountHomeEFS"] == homes
    assert "Encryption" in json.dumps(domain["KmsKeyId"])


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_space_in_which_nothing_runs_is_shut_down(name: str) -> None:
    given = one(name, "AWS::SageMaker::Domain")["Properties"]["DefaultUserSettings"]
    for apps in ("JupyterLabAppSettings", "CodeEditorAppSettings"):
        assert given[apps]["AppLifecycleManagement"]["IdleSettings"] == {
            "LifecycleManagement": "ENABLED",
            "IdleTimeoutInMinutes": 60,
            "MinIdleTimeoutInMinutes": 60,
            "MaxIdleTimeoutInMinutes": 480,
        }


def test_a_closed_network_has_the_spaces_inside_and_lets_them_out_to_aws_alone() -> None:
    domain = one("prod", "AWS::SageMaker::Domain")["Properties"]
    assert domain["AppNetworkAccessType"] == "VpcOnly"
    assert "Spaces" in json.dumps(domain["DefaultUserSettings"]["SecurityGroups"])
    (group,) = [
        resource["Properties"]
        for id_, resource in resources("prod", "AWS::EC2::SecurityGroup", "Foundation").items()
        if "Spaces" in id_
    ]
    ways = {(rule["FromPort"], rule["ToPort"], "CidrIp" in rule) for rule in group["SecurityGroupEgress"]}
    assert ways == {(443, 443, False), (2049, 2049, True)}  # homes, within the VPC
    assert all("GetAtt" in json.dumps(rule["CidrIp"]) for rule in group["SecurityGroupEgress"] if "CidrIp" in rule)
    endpoints = json.dumps(resources("prod", "AWS::EC2::VPCEndpoint", "Foundation"))
    assert all(f".{service}" in endpoints for service in ("athena", "cloudformation", "sts", "sagemaker.api"))


def test_an_open_network_has_no_group_of_spaces_and_no_endpoint_with_a_price() -> None:
    domain = one("dev", "AWS::SageMaker::Domain")["Properties"]
    assert domain["AppNetworkAccessType"] == "PublicInternetOnly"
    assert "SecurityGroups" not in domain["DefaultUserSettings"]
    kinds = {
        each["Properties"]["VpcEndpointType"]
        for each in resources("dev", "AWS::EC2::VPCEndpoint", "Foundation").values()
    }
    assert kinds == {"Gateway"}


def test_answers_of_queries_are_encrypted_limited_and_go_after_a_week() -> None:
    given = one("dev", "AWS::Athena::WorkGroup")["Properties"]["WorkGroupConfiguration"]
    assert given["EnforceWorkGroupConfiguration"] is True
    assert given["BytesScannedCutoffPerQuery"] == 100 * 1024**3
    assert given["ResultConfiguration"]["EncryptionConfiguration"]["EncryptionOption"] == "SSE_KMS"
    where = json.dumps(given["ResultConfiguration"]["OutputLocation"])
    rules = [
        rule
        for bucket in resources("dev", "AWS::S3::Bucket", "Foundation").values()
        for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]
        if rule["Id"] == "answers"
    ]
    assert [(rule["Prefix"] in where, rule["ExpirationInDays"]) for rule in rules] == [(True, 7)]


def test_each_person_has_a_profile_and_a_role_and_a_profile_made_by_hand_may_nothing() -> None:
    profiles = [each["Properties"] for each in resources("prod", "AWS::SageMaker::UserProfile").values()]
    assert {each["UserProfileName"]: each["SingleSignOnUserValue"] for each in profiles} == {
        "ada": "ada",
        "grace-h": "grace-h",
    }
    roles = {json.dumps(each["UserSettings"]["ExecutionRole"]) for each in profiles}
    assert len(roles) == 2
    newcomer = one("prod", "AWS::SageMaker::Domain")["Properties"]["DefaultUserSettings"]["ExecutionRole"]
    held = json.dumps([each["Properties"]["Roles"] for each in resources("prod", "AWS::IAM::Policy").values()])
    assert newcomer["Fn::GetAtt"][0] not in held
    assert "SingleSignOnUserValue" not in json.dumps(resources("dev", "AWS::SageMaker::UserProfile"))


def test_both_kinds_of_space_run_the_script_that_the_environment_gives() -> None:
    starts = [each["Properties"] for each in resources("prod", START).values()]
    assert {each["StudioLifecycleConfigAppType"] for each in starts} == {"JupyterLab", "CodeEditor"}
    for each in starts:
        content = each["StudioLifecycleConfigContent"]
        assert len(content) <= LONGEST
        assert base64.b64decode(content).decode() == start_script(environment("prod"))
        assert len(each["StudioLifecycleConfigName"]) <= 63
    names = {each["Properties"]["StudioLifecycleConfigName"] for each in resources("dev", START).values()}
    assert names.isdisjoint({each["StudioLifecycleConfigName"] for each in starts})


def test_a_policy_is_no_longer_than_a_role_takes() -> None:
    written = json.dumps(policy("prod", "GraceH"), separators=(",", ":"))
    assert len(written) <= LONGEST_POLICY


SPACE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:space/d-abc/mine"
APP = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:app/d-abc/mine/jupyterlab/default"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:RunMachine-1"
OWN = {
    "sagemaker:owneruserprofilearn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:user-profile/d-abc/ada",
    "sagemaker:spacesharingtype": "Private",
}
LINE = {"aws:resourcetag/project": "assembly-line", "aws:resourcetag/environment": "prod"}
PACKAGE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/assembly-line-prod-flights/1"
DATA = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/AssemblyLine-prod-Flights/1"

CASES = [
    ("s3:GetObject", "arn:aws:s3:::raw/flights/flights/a.csv", {}, "allowed"),
    ("s3:PutObject", "arn:aws:s3:::raw/flights/flights/a.csv", {}, "silent"),
    ("s3:GetObject", "arn:aws:s3:::lake/warehouse/assembly_line_prod/flights_x/data/a.parquet", {}, "allowed"),
    ("s3:PutObject", "arn:aws:s3:::lake/warehouse/assembly_line_prod/flights_x/data/a.parquet", {}, "silent"),
    ("s3:PutObject", "arn:aws:s3:::lake/datasets/flights/f1/manifest.json", {}, "allowed"),
    ("s3:DeleteObject", "arn:aws:s3:::lake/datasets/flights/f1/manifest.json", {}, "silent"),
    ("s3:DeleteObject", "arn:aws:s3:::lake/workbench/people/ada/notes.csv", {}, "allowed"),
    ("s3:GetObject", "arn:aws:s3:::lake/workbench/people/grace-h/notes.csv", {}, "silent"),
    ("s3:GetObject", "arn:aws:s3:::models/flights/run-1/deep/manifest.json", {}, "allowed"),
    ("s3:PutObject", "arn:aws:s3:::models/flights/run-1/deep/manifest.json", {}, "silent"),
    ("dynamodb:Query", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger/index/by-time", {}, "allowed"),
    ("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger", {}, "silent"),
    ("kms:Verify", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/signing", {}, "allowed"),
    ("kms:Sign", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/signing", {}, "denied"),
    ("sagemaker:DescribeModelPackage", PACKAGE, {}, "allowed"),
    ("sagemaker:UpdateModelPackage", PACKAGE, {}, "denied"),
    ("states:StartExecution", MACHINE, LINE, "allowed"),
    ("states:StartExecution", MACHINE, {**LINE, "aws:resourcetag/environment": "dev"}, "silent"),
    ("states:StartExecution", MACHINE, {**LINE, "aws:resourcetag/station": "release"}, "silent"),
    ("sagemaker:CreateSpace", SPACE, OWN, "allowed"),
    ("sagemaker:CreateSpace", SPACE, {**OWN, "sagemaker:spacesharingtype": "Shared"}, "silent"),
    ("sagemaker:DeleteSpace", SPACE, {**OWN, "sagemaker:owneruserprofilearn": "arn:of:grace-h"}, "silent"),
    ("sagemaker:CreateApp", APP, {**OWN, "sagemaker:instancetypes": ["ml.t3.large"]}, "allowed"),
    ("sagemaker:CreateApp", APP, {**OWN, "sagemaker:instancetypes": ["ml.p4d.24xlarge"]}, "silent"),
    ("kms:CreateGrant", DATA, {"kms:grantisforawsresource": "true"}, "allowed"),
    ("kms:CreateGrant", DATA, {}, "silent"),
    ("secretsmanager:GetSecretValue", f"{SECRET}:git/reader-a1B2c3", {}, "allowed"),
    ("secretsmanager:GetSecretValue", f"{SECRET}:registry/reader-a1B2c3", {}, "silent"),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/any", {}, "denied"),
    ("sts:AssumeRole", "arn:aws:iam::333333333333:role/any", {}, "denied"),
    ("cloudformation:DescribeStacks", STACK, {}, "allowed"),
    ("cloudformation:DeleteStack", STACK, {}, "denied"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "resource", "context", "verdict"), CASES)
def test_a_person_may_explore_and_run_and_releases_nothing(
    action: str, resource: str, context: dict[str, Any], verdict: str
) -> None:
    assert decide(statements(policy("prod", "Ada")), action, resource, context) == verdict


def test_what_a_workbench_costs_is_told_for_each_profile() -> None:
    found = estimate(built("prod")[0]["Workbench"], prices=load_prices(), region=REGION, rest="workbench")
    assert found.unpriced == ()
    sums: dict[str, float] = {}
    for item in found.idle:
        sums[item.price] = sums.get(item.price, 0) + item.quantity
    assert sums == {
        "sagemaker.studio.ml.t3.large": 2 * 80,  # hours that each of two people works
        "sagemaker.studio.disk": 2 * 20,
        "efs.standard": 2 * 5,
    }
    assert {item.station for item in found.idle} == {"workbench"}
