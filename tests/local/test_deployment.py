"""Deploying: order across stacks, outputs, assets, and mistakes told before anything is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.errors import LineError
from local.deployment import DeployedResource, reachable
from local.server import EmbeddedAws
from tests.local.assemblies import role_for, write_assembly

EXPORTS = {
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "shared"}}},
    "Outputs": {"Topic": {"Value": {"Ref": "Topic"}, "Export": {"Name": "First:Topic"}}},
}
IMPORTS = {
    "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
    "Resources": {
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Name": "/topic", "Value": {"Fn::ImportValue": "First:Topic"}},
        },
        "Skipped": {"Type": "AWS::SQS::Queue", "Condition": "Never"},
        "Metadata": {"Type": "AWS::CDK::Metadata"},
    },
    "Outputs": {"Skipped": {"Condition": "Never", "Value": {"Ref": "Skipped"}}},
}
DEFINITION = '{"StartAt": "A",  "States": {"A": {"Type": "Pass", "End": true}}}'


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


def one(resource: dict[str, Any]) -> dict[str, Any]:
    return {"S": {"Resources": {"Thing": resource}}}


def test_a_stack_can_import_what_another_exports(aws: EmbeddedAws, tmp_path: Path) -> None:
    heard: list[tuple[str, str, str]] = []
    deployment = aws.deploy(
        write_assembly(tmp_path, {"First": EXPORTS, "Second": IMPORTS}), on_event=lambda *told: heard.append(told)
    )
    arn = "arn:aws:sns:us-east-1:123456789012:shared"
    assert deployment.outputs == {"First": {"Topic": arn}, "Second": {}}
    assert deployment.resolved("Second", "Parameter")["Value"] == arn
    assert deployment.resources == [
        DeployedResource("First", "Topic", "AWS::SNS::Topic", arn),
        DeployedResource("Second", "Parameter", "AWS::SSM::Parameter", "/topic"),
    ]
    assert heard == [("First", "Topic", "AWS::SNS::Topic"), ("Second", "Parameter", "AWS::SSM::Parameter")]


def test_a_second_stack_can_join_a_running_server(aws: EmbeddedAws, tmp_path: Path) -> None:
    aws.deploy(write_assembly(tmp_path / "a", {"First": EXPORTS}))
    second = aws.deploy(write_assembly(tmp_path / "b", {"First": EXPORTS, "Second": IMPORTS}))
    assert [resource.logical_id for resource in second.resources] == ["Parameter"]


def machine(state: str) -> dict[str, Any]:
    definition = json.dumps({"StartAt": state, "States": {state: {"Type": "Succeed"}}})
    return {
        "Resources": {
            "Role": role_for("states"),
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"DefinitionString": definition, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}},
            },
        },
        "Outputs": {"Machine": {"Value": {"Ref": "Machine"}}},
    }


def test_a_changed_stack_changes_what_is_different_in_place(aws: EmbeddedAws, tmp_path: Path) -> None:
    first = aws.deploy(write_assembly(tmp_path / "a", {"First": machine("Before")}))
    arn = first.outputs["First"]["Machine"]
    aws.client("stepfunctions").start_execution(stateMachineArn=arn, name="kept")
    heard: list[str] = []
    aws.deploy(
        write_assembly(tmp_path / "b", {"First": machine("After")}), on_event=lambda _, name, __: heard.append(name)
    )
    client = aws.client("stepfunctions")
    assert heard == ["Machine"]
    assert json.loads(client.describe_state_machine(stateMachineArn=arn)["definition"])["StartAt"] == "After"
    assert [run["name"] for run in client.list_executions(stateMachineArn=arn)["executions"]] == ["kept"]


def test_what_is_gone_from_a_stack_is_deleted_and_what_is_new_is_made(aws: EmbeddedAws, tmp_path: Path) -> None:
    topics = [{"Resources": {name: {"Type": "AWS::SNS::Topic"}}} for name in ("Old", "New")]
    aws.deploy(write_assembly(tmp_path / "a", {"First": topics[0]}))
    aws.deploy(write_assembly(tmp_path / "b", {"First": topics[1]}))
    (topic,) = aws.client("sns").list_topics()["Topics"]
    assert "New" in topic["TopicArn"]


def test_a_change_that_needs_a_fresh_server_is_refused_before_any_is_made(aws: EmbeddedAws, tmp_path: Path) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {}}
    changed = {**bucket, "Properties": {"BucketName": "another"}}  # which only a new bucket can have
    before, after = machine("Before"), machine("After")
    before["Resources"]["Bucket"], after["Resources"]["Bucket"] = bucket, changed
    first = aws.deploy(write_assembly(tmp_path / "a", {"First": before}))
    with pytest.raises(LineError) as raised:
        aws.deploy(write_assembly(tmp_path / "b", {"First": after}))
    assert str(raised.value) == (
        "stack First, resource Bucket: AWS::S3::Bucket cannot be changed while it is there: start a fresh embedded AWS"
    )
    arn = first.outputs["First"]["Machine"]
    described = aws.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
    assert json.loads(described["definition"])["StartAt"] == "Before"


def test_an_unsupported_type_is_told_before_anything_is_made(aws: EmbeddedAws, tmp_path: Path) -> None:
    instance = {"Resources": {"Instance": {"Type": "AWS::EC2::Instance"}}}
    with pytest.raises(LineError) as raised:
        aws.deploy(write_assembly(tmp_path, {"First": EXPORTS, "Second": instance}))
    assert str(raised.value) == (
        "the embedded AWS does not support AWS::EC2::Instance (stack Second, resource Instance): use a type that "
        "docs/fidelity.md lists, or add it to local/resources"
    )
    assert aws.client("sns").list_topics()["Topics"] == []


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}},
            "stack S, resource Thing: the embedded AWS does not support the property Colour of AWS::SQS::Queue, "
            "expected among ",
        ),
        (
            {"Type": "AWS::Glue::Job", "Properties": {"Colour": "red"}},
            "stack S, resource Thing: CreateJob has no parameter 'Colour'",
        ),
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "no spaces please"}},
            "stack S, resource Thing: QueueName 'no spaces please' is not a valid name, expected ",
        ),
        (
            {**role_for("lambda"), "Properties": {**role_for("lambda")["Properties"], "RoleName": "r" * 65}},
            f"stack S, resource Thing: RoleName '{'r' * 65}' has 65 characters, expected at most 64: shorten it",
        ),
        (
            {
                "Type": "AWS::SNS::Subscription",
                "Properties": {"TopicArn": "arn:aws:sns:us-east-1:1:absent", "Protocol": "sqs"},
            },
            "stack S, resource Thing: AWS::SNS::Subscription could not be made: An error occurred (NotFound)",
        ),
        (
            {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Runtime": "nodejs22.x", "Handler": "i.h", "Role": "r", "Code": {"ZipFile": ""}},
            },
            "stack S, resource Thing: a function on nodejs22.x cannot run here, expected a python runtime",
        ),
        (
            {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Fn::ImportValue": "absent"}}},
            "stack S: no deployed stack exports 'absent': deploy the one that does first",
        ),
    ],
)
def test_a_mistake_names_stack_and_resource(
    aws: EmbeddedAws, tmp_path: Path, resource: dict[str, Any], message: str
) -> None:
    with pytest.raises(LineError) as raised:
        aws.deploy(write_assembly(tmp_path, one(resource)))
    assert str(raised.value).startswith(message)


def test_an_attribute_that_is_not_known_is_named(aws: EmbeddedAws, tmp_path: Path) -> None:
    template = {**EXPORTS, "Outputs": {"X": {"Value": {"Fn::GetAtt": ["Topic", "Colour"]}}}}
    with pytest.raises(LineError) as raised:
        aws.deploy(write_assembly(tmp_path, {"S": template}))
    assert str(raised.value) == (
        "stack S, resource Topic: the embedded AWS knows no attribute 'Colour' of AWS::SNS::Topic, expected one of "
        "TopicArn, TopicName"
    )


def test_a_definition_is_deployed_byte_for_byte(aws: EmbeddedAws, tmp_path: Path) -> None:
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/r", "DefinitionString": DEFINITION},
    }
    deployment = aws.deploy(write_assembly(tmp_path, one(machine)))
    described = aws.client("stepfunctions").describe_state_machine(stateMachineArn=deployment.resources[0].physical_id)
    assert described["definition"] == DEFINITION


def test_file_assets_and_images_are_published(aws: EmbeddedAws, tmp_path: Path) -> None:
    write_assembly(tmp_path, one({"Type": "AWS::SQS::Queue"}))
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "Dockerfile").write_text('FROM x\nENTRYPOINT ["python"]\n')
    bucket = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
    assets = {
        "files": {
            "t": {
                "source": {"path": "S.template.json"},
                "destinations": {"h": {"bucketName": bucket, "objectKey": "t"}},
            }
        },
        "dockerImages": {
            "i": {"source": {"directory": "image"}, "destinations": {"h": {"repositoryName": "repo", "imageTag": "i"}}}
        },
    }
    (tmp_path / "S.assets.json").write_text(json.dumps(assets))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["artifacts"]["S.assets"] = {"type": "cdk:asset-manifest", "properties": {"file": "S.assets.json"}}
    manifest["artifacts"]["S"]["dependencies"] = ["S.assets"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    aws.deploy(tmp_path)
    staged = aws.client("s3").get_object(Bucket="cdk-hnb659fds-assets-123456789012-us-east-1", Key="t")
    assert json.loads(staged["Body"].read())["Resources"]["Thing"]["Type"] == "AWS::SQS::Queue"
    assert "123456789012.dkr.ecr.us-east-1.amazonaws.com/repo:i" in aws.images


def test_destroy_deletes_all_but_what_is_retained(aws: EmbeddedAws, tmp_path: Path) -> None:
    template = {
        "Resources": {
            "Goes": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "goes"}},
            "Stays": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain", "Properties": {"QueueName": "stays"}},
        }
    }
    aws.deploy(write_assembly(tmp_path, {"S": template})).destroy()
    assert [url.rsplit("/", 1)[-1] for url in aws.client("sqs").list_queues()["QueueUrls"]] == ["stays"]


def test_destroy_tells_what_it_could_not_delete(aws: EmbeddedAws, tmp_path: Path) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full"}}
    deployment = aws.deploy(write_assembly(tmp_path, one(bucket)))
    aws.client("s3").put_object(Bucket="full", Key="x", Body=b"1")
    with pytest.raises(
        LineError, match=r"^stack S, resource Thing: AWS::S3::Bucket could not be deleted: .*not empty$"
    ):
        deployment.destroy()
    assert [resource.logical_id for resource in deployment.resources] == ["Thing"]


def test_the_url_of_an_api_is_given_as_it_can_be_reached() -> None:
    url = "https://abc123.execute-api.us-east-1.amazonaws.com/live/"
    assert reachable("http://127.0.0.1:1", url) == "http://127.0.0.1:1/restapis/abc123/live/_user_request_/"
    assert reachable("http://127.0.0.1:1", "s3://lake") == "s3://lake"
