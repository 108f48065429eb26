from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli import env_account
from cli.ending import ended
from cli.env_diff import diff_environments, settings
from cli.env_extend import extend_environment
from cli.env_list import list_environments, told
from cli.env_pin import pin_environment
from config.branches import environment_id
from config.loading import load_environment
from runtime import pins
from runtime.environments import standing

REF = "feature/a#1"
NAME = environment_id(REF)
PARAMETERS = {"PinnedRawBucket": {"Type": "String", "Default": ""}, "PinnedKey": {"Type": "String", "Default": ""}}
SIZED = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 30}}
Told = Callable[[], tuple[str, str]]


@pytest.fixture
def told_(capsys: pytest.CaptureFixture[str]) -> Told:
    def read() -> tuple[str, str]:
        found = capsys.readouterr()
        return found.out, found.err

    return read


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    """An account in which ``dev`` and a branch's environment stand, each with the line flights."""
    with mock_aws():
        foundation("dev", protected="true")
        foundation(NAME, outputs={"Owner": "ada@example.com", "TtlDays": "3"}, ref="feature/a=231")
        deploy("dev", "Flights", {"Queue": SIZED}, protected="true")
        queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}}
        flights = {"Queue": queue, "Topic": {"Type": "AWS::SNS::Topic"}}
        deploy(NAME, "Flights", flights, parameters=PARAMETERS, ref="feature/a=231")
        yield


def foundation(environment: str, outputs: dict[str, str] | None = None, **tags: str) -> None:
    """Make the buckets and the foundation's stack, which says what they are called."""
    s3 = boto3.client("s3")
    raw, lake = bucket(environment, "raw"), bucket(environment, "lake")
    for name in (raw, lake):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        rule: Any = {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:key"}
        }
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    names = {"RawBucket": raw, "LakeBucket": lake, "Database": f"assembly_line_{environment}"}
    deploy(environment, "Foundation", {"Queue": SIZED}, outputs={**names, **(outputs or {})}, parameters=None, **tags)


def bucket(environment: str, name: str) -> str:
    return f"{environment}-{name}"


def deploy(
    environment: str,
    stack: str,
    resources: dict[str, Any],
    *,
    outputs: dict[str, str] | None = None,
    parameters: dict[str, Any] | None = None,
    **tags: str,
) -> None:
    body = {
        "Parameters": parameters or {},
        "Resources": resources,
        "Outputs": {name: {"Value": value} for name, value in (outputs or {}).items()},
    }
    own = {"project": "assembly-line", "environment": environment, **tags}
    boto3.client("cloudformation").create_stack(
        StackName=f"AssemblyLine-{environment}-{stack}",
        TemplateBody=json.dumps(body),
        Tags=[{"Key": key, "Value": value} for key, value in own.items()],
    )


def given_parameters() -> dict[str, str]:
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=f"AssemblyLine-{NAME}-Flights")["Stacks"]
    return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}


def upload(environment: str) -> str:
    raw, key = bucket(environment, "raw"), "flights/flights/2013-01.csv"
    return boto3.client("s3").put_object(Bucket=raw, Key=key, Body=b"a")["VersionId"]


def test_list_tells_whose_each_environment_is_and_when_it_expires(told_: Told) -> None:
    assert list_environments(as_json=True) == 0
    dev, branch = json.loads(told_()[0])["environments"]
    assert (dev["name"], dev["protected"], dev["expires"], dev["ref"]) == ("dev", True, None, "")
    assert (branch["name"], branch["ref"], branch["owner"]) == (NAME, REF, "ada@example.com")
    assert set(branch["stacks"].values()) == {"CREATE_COMPLETE"}
    assert branch["expired"] is False


def test_list_marks_what_has_expired(told_: Told) -> None:
    there = standing(boto3.client("cloudformation"), boto3.client("ssm"))
    late = told(there[1], dt.datetime.now(dt.UTC) + dt.timedelta(days=4))
    assert (late["expired"], told(there[0], dt.datetime.now(dt.UTC))["expired"]) == (True, False)


def test_list_is_a_table_for_people(told_: Told) -> None:
    list_environments(as_json=False)
    shown = told_()[0]
    assert NAME in shown
    assert "in 2 d 23 h" in shown
    assert "never" in shown


def test_extend_puts_the_expiry_off(told_: Told) -> None:
    assert extend_environment(REF, days=30, as_json=True) == 0
    expires = dt.datetime.fromisoformat(json.loads(told_()[0])["expires"])
    assert abs(expires - dt.datetime.now(dt.UTC) - dt.timedelta(days=30)) < dt.timedelta(minutes=1)
    found = {one.name: one for one in standing(boto3.client("cloudformation"), boto3.client("ssm"))}
    assert found[NAME].expires == expires


def test_extend_by_less_than_there_is_says_so(told_: Told) -> None:
    assert extend_environment(NAME, days=1, as_json=False) == 0
    assert told_()[0].endswith(", by its last deploy alone\n")


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("dev", "environment 'dev' stands for good, expected a branch or its environment's id: name one"),
        (
            "feature/b",
            f"environment {environment_id('feature/b')!r} of 'feature/b' does not stand here, expected one of {NAME}: "
            "deploy it with `cdk deploy --all -c branch=feature/b`, or look in its own account and region",
        ),
    ],
)
def test_what_is_no_branchs_environment_is_refused(which: str, message: str, told_: Told) -> None:
    assert ended(lambda: extend_environment(which, days=1, as_json=False)) == 1
    assert told_()[1] == f"error: {message}\n"


def test_an_expired_token_is_told_in_one_line(told_: Told) -> None:
    refusal: Any = {
        "Error": {"Code": "ExpiredToken", "Message": "The security token included in the request is expired"}
    }

    def work() -> int:
        with env_account.account():
            raise ClientError(refusal, "DescribeStacks")

    assert ended(work) == 1
    assert told_()[1] == (
        "error: the account cannot be read or changed in region us-east-1 (An error occurred (ExpiredToken) when "
        "calling the DescribeStacks operation: The security token included in the request is expired): see that "
        "AWS_PROFILE and AWS_REGION are those of the environment, and that the credentials have not expired\n"
    )


def test_pin_names_the_newest_versions_and_lets_the_job_read_them(told_: Told) -> None:
    upload("dev")
    version = upload("dev")
    assert pin_environment(REF, lines=[], release=False, as_json=True) == 0
    made = json.loads(told_()[0])
    assert made["lines"]["flights"]["pinned"] == {"flights": "1 file"}
    assert made["lines"]["flights"]["left"]["weather"] == "dev holds no file of it: runs read this environment's own"
    pinned = pins.read(boto3.client("s3"), bucket(NAME, "lake"), pins.key_of("flights"))
    assert pinned is not None
    assert [one.version for one in pinned.files["flights"]] == [version]
    assert (pinned.environment, pinned.raw_bucket, pinned.database) == ("dev", "dev-raw", "assembly_line_dev")
    assert given_parameters() == {"PinnedRawBucket": "dev-raw", "PinnedKey": "arn:aws:kms:key"}


def test_pinning_again_updates_no_stack(told_: Told) -> None:
    def changed() -> Any:
        return standing(boto3.client("cloudformation"), boto3.client("ssm"))[1].deployed

    pin_environment(REF, lines=[], release=False, as_json=True)
    before = changed()
    pin_environment(REF, lines=["flights"], release=False, as_json=False)
    assert changed() == before
    assert "is pinned to dev" in told_()[0]


def test_a_released_environment_reads_its_own_data_and_its_job_loses_the_rights(told_: Told) -> None:
    upload("dev")
    pin_environment(REF, lines=[], release=False, as_json=True)
    assert pin_environment(REF, lines=[], release=True, as_json=False) == 0
    assert pins.read(boto3.client("s3"), bucket(NAME, "lake"), pins.key_of("flights")) is None
    assert given_parameters() == {"PinnedRawBucket": "", "PinnedKey": ""}
    assert told_()[0].endswith(f"{NAME} reads its own data again: flights\n")


def test_a_line_that_is_not_deployed_is_refused(told_: Told) -> None:
    assert ended(lambda: pin_environment(REF, lines=["fleet"], release=False, as_json=False)) == 1
    assert told_()[1] == (
        f"error: line 'fleet' is not deployed in environment {NAME!r}, expected one of flights: deploy it first\n"
    )


def test_data_of_an_environment_that_is_not_there_is_told(told_: Told) -> None:
    boto3.client("cloudformation").delete_stack(StackName="AssemblyLine-dev-Foundation")
    assert ended(lambda: pin_environment(REF, lines=[], release=False, as_json=False)) == 1
    assert told_()[1] == (
        "error: environment 'dev', whose data is to be pinned, has no stack AssemblyLine-dev-Foundation here: "
        "deploy it first\n"
    )


def test_diff_shows_each_setting_that_differs_defaults_included(told_: Told) -> None:
    assert diff_environments("dev", "prod", deployed=False, as_json=True) == 0
    found = json.loads(told_()[0])["settings"]
    assert found["retain_data"] == {"dev": False, "prod": True}
    assert found["jobs.vcpu"] == {"dev": 2, "prod": 4}
    assert "name" not in found


def test_diff_of_an_environment_with_itself_is_empty(told_: Told) -> None:
    diff_environments("dev", "dev", deployed=False, as_json=False)
    assert told_()[0] == "dev and dev have the same settings\n"


def test_every_setting_has_a_key_path() -> None:
    assert {"account", "endpoint.kind", "snapshots.keep_days"} <= settings(load_environment("prod")).keys()


def test_diff_of_what_is_deployed_knows_names_from_differences(told_: Told) -> None:
    assert diff_environments("dev", REF, deployed=True, as_json=True) == 0
    assert json.loads(told_()[0])["resources"] == [
        {
            "stack": "Flights",
            "resource": "Queue",
            "type": "AWS::SQS::Queue",
            "difference": "differs in VisibilityTimeout",
        },
        {"stack": "Flights", "resource": "Topic", "type": "AWS::SNS::Topic", "difference": f"only in {NAME}"},
    ]
