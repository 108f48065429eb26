from __future__ import annotations

import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from assembly_line import permissions
from assembly_line.permissions import acknowledge, allow, allow_items, allow_key, allow_read, allow_write, fixed

REASON = "the objects are made at run time, so none can be named"


@pytest.fixture
def role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))


@pytest.fixture
def bucket(stack: cdk.Stack) -> s3.IBucket:
    return s3.Bucket.from_bucket_name(stack, "Bucket", "lake")


@pytest.fixture
def key(stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-central-1:123456789012:key/1")


def statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    (policy,) = assertions.Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    found: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
    return found


def actions(stack: cdk.Stack) -> set[str]:
    given = [statement["Action"] for statement in statements(stack)]
    return {action for one in given for action in ([one] if isinstance(one, str) else one)}


def test_an_action_with_a_wildcard_is_refused(role: iam.Role) -> None:
    message = "Stack/Role: action 's3:Get*' has a wildcard, expected whole actions: name each"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        allow(role, "s3:Get*", on=["arn:aws:s3:::lake/x"])


def test_a_wildcard_resource_without_a_reason_is_refused(role: iam.Role) -> None:
    with pytest.raises(ValueError, match=r"^Stack/Role: reason '' for .* is too short, say why it is accepted$"):
        allow(role, "s3:GetObject", on=["arn:aws:s3:::lake/*"])


def test_a_reason_that_says_too_little_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="too short"):
        acknowledge(stack, "AwsSolutions-S1", "not needed")


def test_a_wildcard_resource_is_accepted_under_the_id_that_cdk_nag_gives_it(stack: cdk.Stack, role: iam.Role) -> None:
    own = s3.Bucket(stack, "Own")
    allow(role, "s3:GetObject", on=[f"{own.bucket_arn}/x/*"], why=REASON)
    name = stack.get_logical_id(own.node.default_child)  # type: ignore[arg-type]
    accepted = [entry.data for entry in role.node.metadata if entry.type == "aws:cdk:acknowledged-rules"]
    assert accepted == [{f"AwsSolutions::AwsSolutions-IAM5[Resource::<{name}.Arn>/x/*]": REASON}]


def test_a_role_that_is_fixed_gets_no_permission_from_others(stack: cdk.Stack, role: iam.Role) -> None:
    allow(role, "s3:GetObject", on=["arn:aws:s3:::lake/x"])
    s3.Bucket(stack, "Own").grant_read_write(fixed(role))
    assert actions(stack) == {"s3:GetObject"}


def test_a_reader_sees_its_prefix_and_learns_what_is_missing(
    stack: cdk.Stack, role: iam.Role, bucket: s3.IBucket
) -> None:
    allow_read(role, bucket, "runs/flights/")
    assert actions(stack) == {"s3:GetObject", "s3:ListBucket"}


@pytest.mark.parametrize(
    ("manage", "given"),
    [(False, {"s3:PutObject"}), (True, {"s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"})],
)
def test_a_writer_deletes_only_what_it_manages(
    stack: cdk.Stack, role: iam.Role, bucket: s3.IBucket, manage: bool, given: set[str]
) -> None:
    allow_write(role, bucket, "runs/flights/", manage=manage)
    assert actions(stack) == given


def test_who_only_reads_may_only_decrypt(stack: cdk.Stack, role: iam.Role, key: kms.IKey) -> None:
    allow_key(role, key)
    assert actions(stack) == {"kms:Decrypt"}


@pytest.mark.parametrize(
    ("action", "uses"),
    [
        ("dynamodb:GetItem", {"kms:Decrypt", "kms:DescribeKey"}),
        (
            "dynamodb:PutItem",
            {
                *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"),
                *("kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
            },
        ),
    ],
)
def test_the_right_to_items_comes_with_the_right_to_their_key(
    stack: cdk.Stack, role: iam.Role, key: kms.IKey, action: str, uses: set[str]
) -> None:
    allow_items(role, dynamodb.Table.from_table_name(stack, "Table", "ledger"), key, action)
    assert actions(stack) == {action, *uses}


def test_reasons_of_the_house_are_long_enough() -> None:
    assert len(permissions._PREFIX) >= permissions.SHORTEST_REASON
