"""Repairs of moto: what holds with them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.awslambda.models import lambda_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from local.server import EmbeddedAws
from tests.local.embedded import function

INSECURE = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "arn:aws:s3:::tls/*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


def put_under_a_tls_policy(s3: Any) -> None:
    s3.create_bucket(Bucket="tls")
    s3.put_bucket_policy(Bucket="tls", Policy=json.dumps({"Version": "2012-10-17", "Statement": [INSECURE]}))
    s3.put_object(Bucket="tls", Key="k", Body=b"1")


def attach_a_managed_policy(iam: Any) -> str:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    arn = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    version = iam.get_policy_version(
        PolicyArn=arn, VersionId=iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    )
    return json.dumps(version["PolicyVersion"]["Document"])


def put_a_composite_alarm(cloudwatch: Any) -> list[str]:
    cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(one)")
    found = cloudwatch.describe_alarms(AlarmNames=["all"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    return [alarm["AlarmRule"] for alarm in found]


def an_item(key: str = "a") -> Item:
    return Item(DynamoType({"S": key}), None, {"key": {"S": key}})


def log_before_the_policy(s3: Any) -> None:
    s3.create_bucket(Bucket="logs")
    s3.create_bucket(Bucket="logged")
    target = {"TargetBucket": "logs", "TargetPrefix": "s3/"}
    s3.put_bucket_logging(Bucket="logged", BucketLoggingStatus={"LoggingEnabled": target})


def commit_twice_from_one_version(glue: Any) -> str:
    """Return what the second of two updates, both from the version that they read, is told."""
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.create_table(DatabaseName="lake", TableInput={"Name": "orders"})
    version = glue.get_table(DatabaseName="lake", Name="orders")["Table"]["VersionId"]
    glue.update_table(DatabaseName="lake", TableInput={"Name": "orders", "Owner": "first"}, VersionId=version)
    try:
        glue.update_table(DatabaseName="lake", TableInput={"Name": "orders", "Owner": "second"}, VersionId=version)
    except glue.exceptions.ConcurrentModificationException:
        return str(glue.get_table(DatabaseName="lake", Name="orders")["Table"]["Owner"])
    raise AssertionError("both were taken")


def test_of_two_commits_from_one_version_of_a_table_the_second_is_refused(aws: EmbeddedAws) -> None:
    assert commit_twice_from_one_version(aws.client("glue")) == "first"


def test_of_many_that_put_a_new_object_at_once_one_wins(aws: EmbeddedAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="raced")

    def put(number: int) -> bool:
        try:
            s3.put_object(Bucket="raced", Key="k", Body=b"%d" % number, IfNoneMatch="*")
        except s3.exceptions.ClientError as error:
            return bool(error.response["Error"]["Code"] != "PreconditionFailed")
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(put, range(40))) == 1


def test_a_bucket_that_wants_tls_takes_objects(aws: EmbeddedAws) -> None:
    put_under_a_tls_policy(aws.client("s3"))


def test_functions_keep_their_log_group(aws: EmbeddedAws) -> None:
    function(aws, "f", "", LoggingConfig={"LogGroup": "/line/f"})
    assert lambda_backends["123456789012"]["us-east-1"].get_function("f").logs_group_name == "/line/f"


def test_managed_policies_of_aws_can_be_attached(aws: EmbeddedAws) -> None:
    assert "glue:*" in attach_a_managed_policy(aws.client("iam"))


def test_an_item_can_be_read_while_it_grows(aws: EmbeddedAws) -> None:
    item = an_item()
    described = item.describe_attrs()["Item"]
    item.attrs["more"] = DynamoType({"N": "1"})
    assert list(described) == ["key"]


def test_an_item_is_read_as_before(aws: EmbeddedAws) -> None:
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"key": {"S": "a"}, "more": {"M": {"n": {"N": "1"}}}}
    dynamodb.put_item(TableName="t", Item=item)
    assert dynamodb.get_item(TableName="t", Key={"key": {"S": "a"}})["Item"] == item
    assert dynamodb.scan(TableName="t")["Items"] == [item]
    assert dynamodb.delete_item(TableName="t", Key={"key": {"S": "a"}}, ReturnValues="ALL_OLD")["Attributes"] == item


def test_items_are_copied_each_as_itself(aws: EmbeddedAws) -> None:
    items = [an_item(f"{number}") for number in range(50)]
    copied = [item.to_json() for item in copy.deepcopy(items)]
    assert copied == [{"Attributes": {"key": {"S": f"{number}"}}} for number in range(50)]


def test_composite_alarms_can_be_put(aws: EmbeddedAws) -> None:
    assert put_a_composite_alarm(aws.client("cloudwatch")) == ["ALARM(one)"]


def test_access_logs_may_precede_their_policy(aws: EmbeddedAws) -> None:
    log_before_the_policy(aws.client("s3"))


def test_flow_logs_may_go_to_a_folder(aws: EmbeddedAws) -> None:
    aws.client("s3").create_bucket(Bucket="flows")
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    answer = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flows/vpc/",
    )
    logs = ec2.describe_flow_logs(FlowLogIds=answer["FlowLogIds"])["FlowLogs"]
    assert [log["LogDestination"] for log in logs] == ["arn:aws:s3:::flows/vpc/"]
