"""Stacks through CloudFormation's API: created, updated, taken back, deleted, as AWS does it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.server import EmbeddedAws
from tests.local.cloudformation.asking import BROKEN, Stacks, bucket, of, parameter, queue, refused, table


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def stacks(aws: EmbeddedAws) -> Stacks:
    return Stacks(aws.client("cloudformation"))


def value(aws: EmbeddedAws, name: str) -> str:
    return str(aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def test_a_stack_tells_its_history_outputs_and_resources(aws: EmbeddedAws, stacks: Stacks) -> None:
    template = of({"Name": ({"Ref": "P"}, None)}, Q=queue(), P=parameter({"Fn::GetAtt": ["Q", "QueueName"]}))
    stacks.create("told", template, ClientRequestToken="token")
    (found,) = stacks.client.describe_stacks(StackName="told")["Stacks"]
    assert (found["StackStatus"], [one["OutputKey"] for one in found["Outputs"]]) == ("CREATE_COMPLETE", ["Name"])
    assert stacks.history("told") == [
        "told CREATE_IN_PROGRESS",
        "Q CREATE_IN_PROGRESS",
        "Q CREATE_COMPLETE",
        "P CREATE_IN_PROGRESS",
        "P CREATE_COMPLETE",
        "told CREATE_COMPLETE",
    ]
    events = stacks.client.describe_stack_events(StackName="told")["StackEvents"]
    assert {one["ClientRequestToken"] for one in events} == {"token"}
    assert stacks.client.get_template(StackName="told")["TemplateBody"] == template
    assert value(aws, stacks.physical("told")["P"]) in stacks.physical("told")["Q"]


def test_a_creation_that_fails_is_taken_back(aws: EmbeddedAws, stacks: Stacks) -> None:
    stacks.create("back", of(Q=queue(QueueName="back"), Bad={**BROKEN, "DependsOn": "Q"}))
    assert stacks.status("back") == "ROLLBACK_COMPLETE"
    assert stacks.history("back")[-5:] == [
        "Bad CREATE_FAILED",
        "back ROLLBACK_IN_PROGRESS",
        "Q DELETE_IN_PROGRESS",
        "Q DELETE_COMPLETE",
        "back ROLLBACK_COMPLETE",
    ]
    assert "nobody-exports-this" in stacks.reasons("back", "CREATE_FAILED")[0]
    assert aws.client("sqs").list_queues(QueueNamePrefix="back").get("QueueUrls", []) == []


def test_without_rollback_what_was_made_stays(stacks: Stacks) -> None:
    stacks.create("stays", of(Q=queue(), Bad={**BROKEN, "DependsOn": "Q"}), DisableRollback=True)
    assert (stacks.status("stays"), list(stacks.physical("stays"))) == ("CREATE_FAILED", ["Q"])
    stacks.client.rollback_stack(StackName="stays")
    assert (stacks.status("stays"), stacks.physical("stays")) == ("ROLLBACK_COMPLETE", {})


def test_an_update_that_fails_leaves_everything_as_it_was(aws: EmbeddedAws, stacks: Stacks) -> None:
    before = of(P=parameter("old", Name="/kept"), Q=queue(QueueName="goes", DelaySeconds=1))
    stacks.create("kept", before)
    after = of(P=parameter("new", Name="/kept"), New=queue(QueueName="new"), Bad={**BROKEN, "DependsOn": ["P", "New"]})
    stacks.update("kept", after)
    assert stacks.status("kept") == "UPDATE_ROLLBACK_COMPLETE"
    assert value(aws, "/kept") == "old"
    assert set(stacks.physical("kept")) == {"P", "Q"}
    assert stacks.client.get_template(StackName="kept")["TemplateBody"] == before
    assert aws.client("sqs").list_queues(QueueNamePrefix="new").get("QueueUrls", []) == []
    stacks.update("kept", of(P=parameter("newest", Name="/kept")))
    assert (stacks.status("kept"), value(aws, "/kept"), list(stacks.physical("kept"))) == (
        "UPDATE_COMPLETE",
        "newest",
        ["P"],
    )


@pytest.mark.parametrize(
    ("before", "after", "look"),
    [
        (
            {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "g", "RetentionInDays": 7}},
            {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "g", "RetentionInDays": 14}},
            lambda aws: (
                aws.client("logs").describe_log_groups(logGroupNamePrefix="g")["logGroups"][0]["retentionInDays"] == 14
            ),
        ),
        (
            bucket("settings"),
            bucket("settings", VersioningConfiguration={"Status": "Enabled"}),
            lambda aws: aws.client("s3").get_bucket_versioning(Bucket="settings")["Status"] == "Enabled",
        ),
        (
            queue(QueueName="slow"),
            queue(QueueName="slow", VisibilityTimeout=77),
            lambda aws: (
                aws.client("sqs").get_queue_attributes(
                    QueueUrl=aws.client("sqs").get_queue_url(QueueName="slow")["QueueUrl"], AttributeNames=["All"]
                )["Attributes"]["VisibilityTimeout"]
                == "77"
            ),
        ),
    ],
)
def test_what_holds_data_is_changed_in_place(
    aws: EmbeddedAws, stacks: Stacks, before: Any, after: Any, look: Any
) -> None:
    name = f"place-{before['Type'].rpartition(':')[2]}"
    stacks.create(name, of(Thing=before))
    known = stacks.physical(name)
    stacks.update(name, of(Thing=after))
    assert (stacks.status(name), stacks.physical(name), look(aws)) == ("UPDATE_COMPLETE", known, True)


def test_a_standing_table_gets_an_index_over_the_items_that_it_has(aws: EmbeddedAws, stacks: Stacks) -> None:
    dynamodb = aws.client("dynamodb")
    stacks.create("indexed", of(T=table("indexed")))
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "late_pk": {"S": "c"}, "late_sk": {"S": "d"}}
    dynamodb.put_item(TableName="indexed", Item=item)

    stacks.update("indexed", of(T=table("indexed", "late")))

    asked = {"KeyConditionExpression": "late_pk = :c", "ExpressionAttributeValues": {":c": {"S": "c"}}}
    assert dynamodb.query(TableName="indexed", IndexName="late", **asked)["Items"] == [item]
    stacks.update("indexed", of(T=table("indexed")))
    assert not dynamodb.describe_table(TableName="indexed")["Table"].get("GlobalSecondaryIndexes")
    assert dynamodb.scan(TableName="indexed")["Items"] == [item]


def test_a_table_gets_one_index_at_a_time(stacks: Stacks) -> None:
    stacks.create("crowded", of(T=table("crowded")))

    stacks.update("crowded", of(T=table("crowded", "one", "two")))

    assert stacks.status("crowded") == "UPDATE_ROLLBACK_COMPLETE"
    (reason,) = stacks.reasons("crowded", "UPDATE_FAILED")
    told = "2 global indexes come or go, expected one at most in an update: deploy one after another"
    assert reason.endswith(told)


def test_a_property_that_only_a_new_resource_can_have_replaces_it(aws: EmbeddedAws, stacks: Stacks) -> None:
    names = parameter({"Fn::GetAtt": ["T", "TopicName"]}, Name="/replaced")
    stacks.create("replaced", of(T={"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "a"}}, P=names))
    old = stacks.physical("replaced")["T"]
    fifo = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "a", "FifoTopic": True}}
    stacks.update("replaced", of(T=fifo, P=names))
    new = stacks.physical("replaced")["T"]
    topics = {one["TopicArn"] for one in aws.client("sns").list_topics()["Topics"]}
    assert new != old
    assert (new in topics, old in topics) == (True, False)
    assert value(aws, "/replaced") in new
    assert stacks.history("replaced")[-4:] == [
        "replaced UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "T DELETE_IN_PROGRESS",
        "T DELETE_COMPLETE",
        "replaced UPDATE_COMPLETE",
    ]


def test_a_resource_with_a_name_of_its_own_is_not_replaced(stacks: Stacks) -> None:
    stacks.create("named", of(T={"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "mine"}}))
    fifo = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "mine", "FifoTopic": True}}
    stacks.update("named", of(T=fifo))
    assert stacks.status("named") == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reasons("named", "UPDATE_FAILED") == [
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        "Rename mine and update the stack again."
    ]


def test_a_bucket_that_is_not_empty_is_not_deleted_and_is_later(aws: EmbeddedAws, stacks: Stacks) -> None:
    stacks.create("full", of(B=bucket("full-bucket"), Q=queue()))
    aws.client("s3").put_object(Bucket="full-bucket", Key="x", Body=b"1")
    stacks.client.delete_stack(StackName="full")
    assert (stacks.status("full"), list(stacks.physical("full"))) == ("DELETE_FAILED", ["B"])
    assert "not empty" in stacks.reasons("full", "DELETE_FAILED")[0]
    assert stacks.reasons("full", "DELETE_FAILED")[1] == "The following resource(s) failed to delete: [B]."
    aws.client("s3").delete_object(Bucket="full-bucket", Key="x")
    stacks.client.delete_stack(StackName="full")
    with pytest.raises(ClientError) as raised:
        stacks.status("full")
    assert refused(raised.value) == ("ValidationError", "Stack with id full does not exist")


def test_what_is_to_be_retained_outlives_its_stack(aws: EmbeddedAws, stacks: Stacks) -> None:
    stacks.create("retains", of(Stays={**queue(QueueName="retained"), "DeletionPolicy": "Retain"}, Goes=queue()))
    arn = stacks.id("retains")
    stacks.client.delete_stack(StackName="retains")
    assert stacks.status(arn) == "DELETE_COMPLETE"
    assert "Stays DELETE_SKIPPED" in stacks.history(arn)
    assert len(aws.client("sqs").list_queues(QueueNamePrefix="retained")["QueueUrls"]) == 1


def test_an_export_that_is_used_is_neither_changed_nor_deleted(stacks: Stacks) -> None:
    stacks.create("gives", of({"Out": ("first", "shared")}, Q=queue()))
    stacks.create("takes", of(P=parameter({"Fn::ImportValue": "shared"})))
    stacks.update("gives", of({"Out": ("second", "shared")}, Q=queue()))
    assert stacks.status("gives") == "UPDATE_ROLLBACK_COMPLETE"
    assert "Cannot update export shared as it is in use by takes" in stacks.reasons(
        "gives", "UPDATE_ROLLBACK_IN_PROGRESS"
    )
    stacks.client.delete_stack(StackName="gives")
    assert stacks.status("gives") == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.client.list_imports(ExportName="shared")["Imports"] == ["takes"]
    stacks.client.delete_stack(StackName="takes")
    stacks.client.delete_stack(StackName="gives")
    assert "shared" not in {one["Name"] for one in stacks.client.list_exports()["Exports"]}


def test_a_stacks_tags_are_on_its_resources_and_their_own_go_before(aws: EmbeddedAws, stacks: Stacks) -> None:
    own = queue(QueueName="tagged", Tags=[{"Key": "line", "Value": "own"}])
    tags = [{"Key": "line", "Value": "stack"}, {"Key": "environment", "Value": "dev"}]
    stacks.create("tags", of(Q=own, P=parameter("x", Name="/tagged")), Tags=tags)
    sqs, ssm = aws.client("sqs"), aws.client("ssm")
    found = sqs.list_queue_tags(QueueUrl=stacks.physical("tags")["Q"])["Tags"]
    assert found == {"line": "own", "environment": "dev"}
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/tagged")["TagList"] == tags


def test_protection_keeps_a_stack(stacks: Stacks) -> None:
    stacks.create("protected", of(Q=queue()), EnableTerminationProtection=True)
    with pytest.raises(ClientError) as raised:
        stacks.client.delete_stack(StackName="protected")
    assert refused(raised.value)[1] == "Stack [protected] cannot be deleted while TerminationProtection is enabled"
    stacks.client.update_termination_protection(StackName="protected", EnableTerminationProtection=False)
    stacks.client.delete_stack(StackName="protected")


def test_a_change_set_tells_what_it_would_do_and_does_it(aws: EmbeddedAws, stacks: Stacks) -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {}}
    stacks.create("changes", of(P=parameter("old", Name="/changed"), Gone=queue(), T=topic))
    fifo = {"Type": "AWS::SNS::Topic", "Properties": {"FifoTopic": True}}
    template = of(P=parameter("new", Name="/changed"), New=queue(), T=fifo)
    made = stacks.client.create_change_set(StackName="changes", ChangeSetName="next", TemplateBody=json.dumps(template))
    described = stacks.client.describe_change_set(ChangeSetName="next", StackName="changes")
    told = {
        one["ResourceChange"]["LogicalResourceId"]: (
            one["ResourceChange"]["Action"],
            one["ResourceChange"].get("Replacement"),
        )
        for one in described["Changes"]
    }
    assert described["ExecutionStatus"] == "AVAILABLE"
    assert told == {
        "P": ("Modify", "False"),
        "New": ("Add", None),
        "Gone": ("Remove", None),
        "T": ("Modify", "True"),
    }
    assert value(aws, "/changed") == "old"
    stacks.client.execute_change_set(ChangeSetName=made["Id"])
    assert (stacks.status("changes"), value(aws, "/changed")) == ("UPDATE_COMPLETE", "new")


def test_a_change_set_without_changes_says_so_and_cannot_be_executed(stacks: Stacks) -> None:
    stacks.create("same", of(Q=queue()))
    made = stacks.client.create_change_set(
        StackName="same", ChangeSetName="none", TemplateBody=json.dumps(of(Q=queue()), indent=4)
    )
    described = stacks.client.describe_change_set(ChangeSetName=made["Id"])
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(ClientError) as raised:
        stacks.client.execute_change_set(ChangeSetName=made["Id"])
    assert refused(raised.value)[0] == "InvalidChangeSetStatus"
    with pytest.raises(ClientError) as raised:
        stacks.update("same", of(Q=queue()))
    assert refused(raised.value) == ("ValidationError", "No updates are to be performed.")


ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
}


@pytest.mark.parametrize(
    ("template", "code", "message"),
    [
        (
            of(I={"Type": "AWS::EC2::Instance"}),
            "ValidationError",
            "Template format error: Unrecognized resource types: the embedded AWS does not support AWS::EC2::Instance "
            "(stack wrong, resource I): use a type that docs/fidelity.md lists, or add it to local/resources",
        ),
        (of(R=ROLE), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"),
        (
            {"Resources": {}},
            "ValidationError",
            "Template format error: At least one Resources member must be defined.",
        ),
        (
            {"Parameters": {"Size": {"Type": "String"}}, **of(Q=queue())},
            "ValidationError",
            "Parameters: [Size] must have values",
        ),
    ],
)
def test_a_mistake_is_refused_before_anything_is_made(stacks: Stacks, template: Any, code: str, message: str) -> None:
    with pytest.raises(ClientError) as raised:
        stacks.create("wrong", template)
    assert refused(raised.value) == (code, message)
    assert "wrong" not in {one["StackName"] for one in stacks.client.describe_stacks()["Stacks"]}


def test_yaml_is_read_with_its_short_forms(aws: EmbeddedAws, stacks: Stacks) -> None:
    text = """
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: yaml}}
  P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Name: /yaml, Value: !Sub "${Q.QueueName}-${AWS::Region}"}}
"""
    stacks.client.create_stack(StackName="yaml", TemplateBody=text)
    assert value(aws, "/yaml") == "yaml-us-east-1"


def test_what_cloudformation_has_and_this_has_not_is_said(stacks: Stacks) -> None:
    with pytest.raises(ClientError) as raised:
        stacks.client.detect_stack_drift(StackName="any")
    assert refused(raised.value) == (
        "InvalidAction",
        "the embedded AWS does not support cloudformation DetectStackDrift",
    )
