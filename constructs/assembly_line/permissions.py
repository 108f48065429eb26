"""The one door through which a role gets a permission: whole actions only, and a wildcard resource with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

SHORTEST_REASON = 20

_READING = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}

_PREFIX = "the objects under the line's own prefix are made by its runs, so only the prefix is known here"


def acknowledge(scope: IConstruct, finding: str, reason: str) -> None:
    """Accept one finding of a pack on one construct; raises ValueError for a reason that says too little.

    The pack's name stands before the finding, so that the report of a synthesis keeps it with its reason.
    """
    if len(reason) < SHORTEST_REASON:
        raise ValueError(f"{scope.node.path}: reason {reason!r} for {finding} is too short, say why it is accepted")
    pack = finding.partition("-")[0]
    Validations.of(scope).acknowledge(Acknowledgment(id=f"{pack}::{finding}", reason=reason))


def allow(
    role: iam.Role,
    *actions: str,
    on: Sequence[str],
    why: str = "",
    when: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Give a role some actions on some resources; a resource with a wildcard needs ``why`` it cannot be narrower.

    Raises ValueError for an action with a wildcard and for a wildcard resource without a reason.
    """
    for action in actions:
        if "*" in action:
            raise ValueError(f"{role.node.path}: action {action!r} has a wildcard, expected whole actions: name each")
    for resource in on:
        if "*" in resource:
            finding = f"AwsSolutions-IAM5[Resource::{flat(Stack.of(role).resolve(resource))}]"
            acknowledge(role, finding, why)
    role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(on), conditions=when))


def fixed(role: iam.Role) -> iam.IRole:
    """Return the role for a construct that would add permissions of its own, wider ones than it needs."""
    return iam.Role.from_role_arn(role, "Fixed", role.role_arn, mutable=False)


def rights(role: iam.Role) -> IConstruct:
    """Return what holds a role's permissions, to be waited for: who acts before they exist is denied."""
    return role.node.find_child("DefaultPolicy")


def allow_key(role: iam.Role, key: kms.IKey, *, write: bool = False) -> None:
    """Let a role read, or also write, the objects and messages that are encrypted with a key."""
    allow(role, "kms:Decrypt", *(["kms:GenerateDataKey"] if write else []), on=[key.key_arn])


def allow_items(role: iam.Role, table: dynamodb.ITable, key: kms.IKey, *actions: str, partition: str = "") -> None:
    """Let a role do some things with the items of a table that is encrypted with a key, e.g. ``dynamodb:GetItem``.

    With ``partition``, only with the items whose partition key that is.
    """
    when = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [partition]}} if partition else None
    allow(role, *actions, on=[table.table_arn], when=when)
    uses = ["kms:Decrypt", "kms:DescribeKey"]
    if not set(actions) <= _READING:
        uses += ["kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    allow(role, *uses, on=[key.key_arn])


def allow_read(role: iam.Role, bucket: s3.IBucket, *prefixes: str, listing: bool = True) -> None:
    """Let a role read the objects under some prefixes.

    With ``listing`` it also learns that one does not exist: without that right S3 answers 403 in place of 404.
    """
    arn = bucket.bucket_arn
    allow(role, "s3:GetObject", on=[f"{arn}/{prefix}*" for prefix in prefixes], why=_PREFIX)
    if listing:
        allow(role, "s3:ListBucket", on=[arn])


def allow_delete(role: iam.Role, bucket: s3.IBucket, *prefixes: str) -> None:
    """Let a role delete objects under some prefixes."""
    allow(role, "s3:DeleteObject", on=[f"{bucket.bucket_arn}/{prefix}*" for prefix in prefixes], why=_PREFIX)


def allow_write(role: iam.Role, bucket: s3.IBucket, *prefixes: str, parts: bool = False, manage: bool = False) -> None:
    """Let a role write objects under some prefixes, also in ``parts``; to ``manage`` is to delete too."""
    arn = bucket.bucket_arn
    actions = ["s3:PutObject", *(["s3:AbortMultipartUpload"] if parts or manage else [])]
    actions += ["s3:DeleteObject"] if manage else []
    allow(role, *actions, on=[f"{arn}/{prefix}*" for prefix in prefixes], why=_PREFIX)


def allow_tables(
    role: iam.Role, stack: Stack, *, database: str, line: str, write: bool = False, update: bool = False
) -> None:
    """Let a role read, or also create and update (or just ``update``), a line's tables in the Glue catalog."""
    place = f"arn:{stack.partition}:glue:{stack.region}:{stack.account}"
    actions = ["glue:GetTable", *(["glue:GetDatabase", "glue:CreateTable", "glue:UpdateTable"] if write else [])]
    actions += ["glue:UpdateTable"] if update and not write else []
    allow(
        role,
        *actions,
        on=[f"{place}:catalog", f"{place}:database/{database}", f"{place}:table/{database}/{line}_*"],
        why="the line's tables are made by its runs: only the beginning of their names is known here",
    )


def flat(value: Any) -> str:
    """Return a resolved resource as cdk-nag writes it into a finding's id."""
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(map(flat, parts))
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return flat(name)
        case {"Ref": name}:
            return f"<{name}>"
    return str(value).replace("${", "<").replace("}", ">")
