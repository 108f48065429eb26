"""Calls of a role are decided, in the shape that AWS answers; the operator's are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.iam import permitted
from local.server import EmbeddedAws
from tests.local.assemblies import allow, role_for, write_assembly


def _arn(name: str, tail: str = "") -> dict[str, Any]:
    return {"Fn::Sub": f"${{{name}.Arn}}{tail}"}


RESOURCES: dict[str, Any] = {
    "Bucket": {"Type": "AWS::S3::Bucket"},
    "Shut": {"Type": "AWS::S3::Bucket"},
    "Shared": {"Type": "AWS::S3::Bucket"},
    "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
    "Secret": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": _arn("Key")}}
                ]
            }
        },
    },
    "Tls": {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Bucket"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": {"AWS": "*"},
                        "Action": "s3:*",
                        "Resource": [_arn("Bucket"), _arn("Bucket", "/*")],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                    {
                        "Effect": "Deny",
                        "Principal": {"AWS": "*"},
                        "Action": "s3:DeleteObject",
                        "Resource": _arn("Bucket", "/*"),
                    },
                ],
            },
        },
    },
    "Open": {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Shared"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": _arn("Role")},
                        "Action": "s3:GetObject",
                        "Resource": _arn("Shared", "/*"),
                    }
                ],
            },
        },
    },
    "Table": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    },
    "Queue": {"Type": "AWS::SQS::Queue"},
    "SecretQueue": {"Type": "AWS::SQS::Queue", "Properties": {"KmsMasterKeyId": _arn("Key")}},
    "SecretTopic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": _arn("Key")}},
    "SecretTable": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": _arn("Key")},
        },
    },
    "Topic": {"Type": "AWS::SNS::Topic"},
    "Pass": role_for("sagemaker"),
    "Role": role_for(
        "lambda",
        allow(["s3:GetObject*", "s3:PutObject", "s3:DeleteObject"], [_arn("Bucket", "/mine/*"), _arn("Secret", "/*")]),
        allow("s3:ListBucket", _arn("Bucket")),
        allow("dynamodb:PutItem", _arn("Table")),
        {
            **allow("dynamodb:UpdateItem", _arn("Table")),
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}},
        },
        allow("sagemaker:CreateModel", "*"),
        allow("sqs:SendMessage", _arn("SecretQueue")),
        allow("sns:Publish", {"Ref": "SecretTopic"}),
        allow("dynamodb:Scan", _arn("SecretTable")),
        allow("sns:Subscribe", {"Ref": "Topic"}),
        {
            **allow("cloudwatch:PutMetricData", "*"),
            "Condition": {"StringEquals": {"cloudwatch:namespace": "AssemblyLine"}},
        },
    ),
}
OUTPUTS = {name: {"Value": {"Ref": name}} for name in RESOURCES if name not in ("Tls", "Open")}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        aws.deploy(write_assembly(tmp_path_factory.mktemp("s"), {"S": {"Resources": RESOURCES, "Outputs": OUTPUTS}}))
        for bucket, key in (
            ("Bucket", "mine/x"),
            ("Bucket", "other/x"),
            ("Shared", "x"),
            ("Shut", "x"),
            ("Secret", "x"),
        ):
            aws.client("s3").put_object(Bucket=named(aws, bucket), Key=key, Body=b"1")
        yield aws


def named(aws: EmbeddedAws, output: str) -> str:
    return aws.deployments[0].outputs["S"][output]


def as_role(aws: EmbeddedAws, service: str) -> Any:
    return aws.client(service, f"arn:aws:iam::123456789012:role/{named(aws, 'Role')}")


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_role_may_be_kept_to_one_partition_of_a_table(aws: EmbeddedAws) -> None:
    dynamodb, table = as_role(aws, "dynamodb"), named(aws, "Table")
    change = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    dynamodb.update_item(TableName=table, Key={"pk": {"S": "mine"}}, **change)
    code, _ = refused(lambda: dynamodb.update_item(TableName=table, Key={"pk": {"S": "another"}}, **change))
    assert code == "AccessDeniedException"


def test_what_is_granted_goes_through(aws: EmbeddedAws) -> None:
    s3, bucket = as_role(aws, "s3"), named(aws, "Bucket")
    s3.put_object(Bucket=bucket, Key="mine/y", Body=b"content")
    assert s3.get_object(Bucket=bucket, Key="mine/y")["Body"].read() == b"content"
    assert s3.list_objects_v2(Bucket=bucket, Prefix="mine/")["KeyCount"] >= 1


def test_a_refusal_says_who_may_not_do_what_to_which(aws: EmbeddedAws) -> None:
    bucket, role = named(aws, "Bucket"), named(aws, "Role")
    code, message = refused(lambda: as_role(aws, "s3").get_object(Bucket=bucket, Key="other/x"))
    assert code == "AccessDenied"
    assert message == (
        f"User: arn:aws:sts::123456789012:assumed-role/{role}/{role} is not authorized to perform: s3:GetObject on "
        f"resource: arn:aws:s3:::{bucket}/other/x because no policy allows s3:GetObject"
    )


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda aws: as_role(aws, "dynamodb").scan(TableName=named(aws, "Table")), "AccessDeniedException"),
        (
            lambda aws: as_role(aws, "sqs").send_message(QueueUrl=named(aws, "Queue"), MessageBody="m"),
            "AccessDeniedException",
        ),
        (lambda aws: as_role(aws, "sns").publish(TopicArn=named(aws, "Topic"), Message="m"), "AuthorizationError"),
        (lambda aws: as_role(aws, "lambda").invoke(FunctionName="f"), "AccessDeniedException"),
        (lambda aws: as_role(aws, "ec2").describe_vpcs(), "UnauthorizedOperation"),
        (lambda aws: as_role(aws, "iam").list_roles(), "AccessDenied"),
        (lambda aws: as_role(aws, "stepfunctions").list_state_machines(), "AccessDeniedException"),
        (lambda aws: as_role(aws, "s3").head_bucket(Bucket=named(aws, "Shut")), "403"),
        (
            lambda aws: as_role(aws, "cloudwatch").put_metric_data(
                Namespace="Other", MetricData=[{"MetricName": "m", "Value": 1}]
            ),
            "AccessDenied",
        ),
    ],
)
def test_each_protocol_refuses_in_its_own_shape(aws: EmbeddedAws, call: Callable[[Any], Any], code: str) -> None:
    assert refused(lambda: call(aws))[0].removesuffix("Exception") == code.removesuffix("Exception")


def test_a_condition_on_the_call_is_honoured(aws: EmbeddedAws) -> None:
    as_role(aws, "cloudwatch").put_metric_data(Namespace="AssemblyLine", MetricData=[{"MetricName": "m", "Value": 1}])


def test_the_operator_is_never_refused(aws: EmbeddedAws) -> None:
    assert aws.client("s3").get_object(Bucket=named(aws, "Bucket"), Key="other/x")["Body"].read() == b"1"


def test_a_bucket_policy_denies_with_its_conditions(aws: EmbeddedAws) -> None:
    bucket = named(aws, "Bucket")
    _, message = refused(lambda: as_role(aws, "s3").delete_object(Bucket=bucket, Key="mine/x"))
    assert message.endswith("with an explicit deny")


def test_a_bucket_policy_allows_what_identity_policies_do_not(aws: EmbeddedAws) -> None:
    assert as_role(aws, "s3").get_object(Bucket=named(aws, "Shared"), Key="x")["Body"].read() == b"1"


def test_an_absent_object_is_told_only_to_those_who_may_list(aws: EmbeddedAws) -> None:
    s3 = as_role(aws, "s3")
    assert refused(lambda: s3.get_object(Bucket=named(aws, "Bucket"), Key="mine/absent"))[0] == "NoSuchKey"
    assert refused(lambda: s3.get_object(Bucket=named(aws, "Shared"), Key="absent"))[0] == "AccessDenied"


@pytest.mark.parametrize(
    ("call", "action"),
    [
        (lambda aws: as_role(aws, "s3").get_object(Bucket=named(aws, "Secret"), Key="x"), "kms:Decrypt"),
        (lambda aws: as_role(aws, "s3").put_object(Bucket=named(aws, "Secret"), Key="x"), "kms:GenerateDataKey"),
        (
            lambda aws: as_role(aws, "sqs").send_message(QueueUrl=named(aws, "SecretQueue"), MessageBody="m"),
            "kms:GenerateDataKey",
        ),
        (
            lambda aws: as_role(aws, "sns").publish(TopicArn=named(aws, "SecretTopic"), Message="m"),
            "kms:GenerateDataKey",
        ),
        (lambda aws: as_role(aws, "dynamodb").scan(TableName=named(aws, "SecretTable")), "kms:Decrypt"),
    ],
)
def test_what_is_encrypted_needs_its_key(aws: EmbeddedAws, call: Callable[[Any], Any], action: str) -> None:
    _, message = refused(lambda: call(aws))
    assert f"is not authorized to perform: {action} on resource: arn:aws:kms:us-east-1:123456789012:key/" in message


def test_each_item_of_a_transaction_is_checked(aws: EmbeddedAws) -> None:
    client, table = as_role(aws, "dynamodb"), named(aws, "Table")
    put = {"Put": {"TableName": table, "Item": {"pk": {"S": "a"}}}}
    client.transact_write_items(TransactItems=[put])
    delete = {"Delete": {"TableName": table, "Key": {"pk": {"S": "b"}}}}
    _, message = refused(lambda: client.transact_write_items(TransactItems=[put, delete]))
    assert "is not authorized to perform: dynamodb:DeleteItem" in message


def test_handing_a_role_on_needs_pass_role(aws: EmbeddedAws) -> None:
    role = f"arn:aws:iam::123456789012:role/{named(aws, 'Pass')}"
    _, message = refused(lambda: as_role(aws, "sagemaker").create_model(ModelName="m", ExecutionRoleArn=role))
    assert f"is not authorized to perform: iam:PassRole on resource: {role}" in message


def test_who_am_i_is_free(aws: EmbeddedAws) -> None:
    assert as_role(aws, "sts").get_caller_identity()["Arn"].endswith(named(aws, "Role"))


def test_a_service_can_ask_on_a_roles_behalf(aws: EmbeddedAws) -> None:
    role = f"arn:aws:iam::123456789012:role/{named(aws, 'Role')}"
    assert permitted(aws, role, "sns:Subscribe", named(aws, "Topic"))
    assert not permitted(aws, role, "sns:Publish", named(aws, "Topic"))


def test_grants_tell_what_was_used_denied_and_never_needed(aws: EmbeddedAws) -> None:
    role, bucket = named(aws, "Role"), named(aws, "Shut")
    as_role(aws, "s3").list_objects_v2(Bucket=named(aws, "Bucket"))
    refused(lambda: as_role(aws, "s3").get_object(Bucket=bucket, Key="x"))
    grants = aws.grants()
    assert grants.allowed > 0
    assert (role, "s3:GetObject", f"arn:aws:s3:::{bucket}/x") in grants.denials
    assert (role, "s3:ListBucket") not in grants.unused
    assert (role, "sagemaker:CreateModel") in grants.unused or grants.denied > 1


def test_a_role_that_does_not_exist_is_not_assumed(aws: EmbeddedAws) -> None:
    with pytest.raises(ClientError) as raised:
        aws.client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/absent", RoleSessionName="xx")
    assert raised.value.response["Error"] == {
        "Type": "Sender",
        "Code": "AccessDenied",
        "Message": "User: arn:aws:sts::123456789012:user/operator is not authorized to perform: sts:AssumeRole on "
        "resource: arn:aws:iam::123456789012:role/absent",
    }
