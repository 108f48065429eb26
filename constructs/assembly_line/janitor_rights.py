"""What the janitor may do: read the account, and delete what carries a branch's tags or has a branch's name.

A branch's id ends in ten characters of a hash, so that names are matched with ten question marks before the next
hyphen. Whatever is matched too widely, the janitor itself looks at before it acts: ``runtime.teardown.guard``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from assembly_line.permissions import allow
from assembly_line.scaling import allow_scaling
from config import tags
from config.branches import HASH
from runtime.environments import FOLDER

_ID = f"*-{'?' * HASH}"
_NAME = f"assembly-line-{_ID}"
_DATABASE = f"assembly_line_*_{'?' * HASH}"
_BUCKETS = "assemblyline-*"
_CUT = 24
"""Characters of a stack's name that CloudFormation surely takes over into the name of a bucket."""

_BRANCHS: dict[str, Any] = {
    "StringEquals": {f"aws:ResourceTag/{tags.PROJECT}": tags.PROJECT_VALUE},
    "Null": {f"aws:ResourceTag/{tags.REF}": "false", f"aws:ResourceTag/{tags.PROTECTED}": "true"},
}
"""It carries the tag of a branch's ref, and none that protects it."""

_READ = (
    *("cloudformation:DescribeStacks", "cloudformation:ListStacks", "cloudformation:ListStackResources"),
    *("tag:GetResources", "events:DescribeRule", "states:ListExecutions", "batch:ListJobs"),
    *("glue:GetDatabase", "glue:GetTables", "glue:GetJob", "glue:GetJobRuns", "glue:GetSecurityConfiguration"),
    *("sagemaker:DescribeEndpoint", "sagemaker:DescribeTrainingJob", "sagemaker:DescribeModelPackageGroup"),
    *("sagemaker:ListEndpointConfigs", "sagemaker:ListModels", "sagemaker:ListModelPackages"),
    *("sagemaker:ListTrainingJobs", "cloudwatch:DescribeAlarms", "cloudwatch:ListDashboards"),
    *("ec2:DescribeNetworkInterfaces", "logs:DescribeLogGroups", "ssm:GetParametersByPath"),
    *("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    *("dynamodb:DescribeTable", "kms:DescribeKey", "sqs:GetQueueUrl", "sns:GetTopicAttributes"),
)
_BY_TAG = (
    *("cloudformation:DeleteStack", "events:DisableRule", "glue:BatchStopJobRun", "glue:DeleteJob"),
    *("dynamodb:DeleteTable", "kms:ScheduleKeyDeletion", "sqs:DeleteQueue", "sns:DeleteTopic"),
    *("logs:DeleteLogGroup", "sagemaker:DeleteModelPackageGroup"),
)
_UNTAGGED = ("states:StopExecution", "batch:TerminateJob", "sagemaker:StopTrainingJob")
_UNNAMED = ("ec2:DeleteNetworkInterface", "glue:DeleteSecurityConfiguration")
_IN_BUCKETS = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload")
_OF_BUCKETS = ("s3:PutBucketLogging", "s3:DeleteBucket")


def grant(role: iam.Role, *, standing: Sequence[str]) -> None:
    """Let a role read what environments there are, and delete those of branches; never the standing ones' buckets."""
    allow(role, *_READ, on=["*"], why="it looks for what expired in the account as a whole, and reads nothing else")
    allow(
        role,
        *_BY_TAG,
        on=["*"],
        why="what branches deploy has names of CloudFormation's making; the condition asks for a branch's tags",
        when=_BRANCHS,
    )
    allow(role, *_UNTAGGED, on=["*"], why="runs carry no tags; it asks only for those of a branch's stacks")
    allow(role, *_UNNAMED, on=["*"], why="AWS knows neither a name nor a tag for these that a policy could ask for")
    for actions, resources in _named(Stack.of(role)):
        allow(role, *actions, on=resources, why="runs and services make these: only the form of their names is known")
    allow_scaling(role, "application-autoscaling:DeregisterScalableTarget")
    arn = f"arn:{Stack.of(role).partition}:s3:::"
    why = "CloudFormation names the buckets after their stacks; those of standing environments are denied"
    allow(role, *_OF_BUCKETS, on=[f"{arn}{_BUCKETS}"], why=why)
    allow(role, *_IN_BUCKETS, on=[f"{arn}{_BUCKETS}/*"], why=why)
    role.add_to_policy(
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            actions=[*_OF_BUCKETS, *_IN_BUCKETS],
            resources=[f"{arn}{f'assemblyline-{name}-foundation'[:_CUT]}*" for name in sorted(standing)],
        )
    )


def _named(stack: Stack) -> Iterator[tuple[list[str], list[str]]]:
    """Yield actions and the forms of the names on which they are allowed."""
    place = f"{stack.region}:{stack.account}"

    def arn(service: str, *names: str) -> list[str]:
        return [f"arn:{stack.partition}:{service}:{place}:{name}" for name in names]

    yield ["sagemaker:DeleteEndpoint"], arn("sagemaker", f"endpoint/{_NAME}-*")
    yield ["sagemaker:DeleteEndpointConfig"], arn("sagemaker", f"endpoint-config/{_NAME}-*")
    yield ["sagemaker:DeleteModel"], arn("sagemaker", f"model/{_NAME}-*")
    yield ["sagemaker:DeleteModelPackage"], arn("sagemaker", f"model-package/{_NAME}-*/*")
    yield (
        ["glue:DeleteTable", "glue:DeleteDatabase"],
        arn("glue", "catalog", f"database/{_DATABASE}", f"table/{_DATABASE}/*", f"userDefinedFunction/{_DATABASE}/*"),
    )
    yield (
        ["logs:DeleteLogGroup"],
        arn("logs", f"log-group:/aws/sagemaker/Endpoints/{_NAME}-*", f"log-group:/aws-glue/jobs*{_NAME}-*"),
    )
    yield ["ssm:DeleteParameter"], arn("ssm", f"parameter{FOLDER}{_ID}/*")
    yield (
        ["cloudwatch:DeleteAlarms"],
        arn("cloudwatch", f"alarm:TargetTracking-endpoint/{_NAME}-*"),
    )
    dashboards = f"arn:{stack.partition}:cloudwatch::{stack.account}:dashboard/"  # which have no region
    yield ["cloudwatch:DeleteDashboards"], [f"{dashboards}{_NAME}", f"{dashboards}{_NAME}-*"]
