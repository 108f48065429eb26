"""Faults that the packs of cdk-nag must catch: each in a stack of its own, all looked at together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_opensearchservice as opensearch
from aws_cdk import aws_rds as rds
from aws_cdk import aws_redshift as redshift
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_secretsmanager as secrets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks

import app

PACKS = (AwsSolutionsChecks, NIST80053R5Checks, HIPAASecurityChecks, PCIDSS321Checks)
OPEN = ec2.CfnSecurityGroup.IngressProperty(ip_protocol="tcp", cidr_ip="0.0.0.0/0", from_port=22, to_port=22)


@dataclass(frozen=True)
class Fault:
    """A bad resource, and the rule (of any pack) that must tell of it."""

    name: str
    rule: str
    make: Callable[[cdk.Stack], object]


def _policy(stack: cdk.Stack, actions: list[str], resources: list[str]) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))


def _function(stack: cdk.Stack, runtime: str) -> None:
    code = lambda_.CfnFunction.CodeProperty(zip_file="x")
    lambda_.CfnFunction(stack, "Function", code=code, role="r", handler="x.y", runtime=runtime)


def _database(stack: cdk.Stack, *, public: bool, encrypted: bool) -> None:
    rds.CfnDBInstance(stack, "Database", engine="postgres", publicly_accessible=public, storage_encrypted=encrypted)


def _warehouse(stack: cdk.Stack) -> None:
    redshift.CfnCluster(
        stack, "Warehouse", cluster_type="single-node", db_name="d", master_username="admin", node_type="ra3.xlplus"
    )


def _machine(stack: cdk.Stack) -> None:
    sfn.CfnStateMachine(stack, "Machine", role_arn="r", definition={"StartAt": "A", "States": {"A": {"Type": "Pass"}}})


def _notebook(stack: cdk.Stack) -> None:
    sagemaker.CfnNotebookInstance(stack, "Notebook", instance_type="ml.t3.medium", role_arn="r")


def _table(stack: cdk.Stack) -> None:
    key = dynamodb.Attribute(name="k", type=dynamodb.AttributeType.STRING)
    dynamodb.Table(stack, "Table", partition_key=key)


def _api(stack: cdk.Stack) -> None:
    api = apigateway.RestApi(stack, "Api")
    api.root.add_method("GET", apigateway.MockIntegration())


FAULTS = [
    Fault(
        "a bucket that anybody may open",
        "NIST.800.53.R5-S3BucketPublicReadProhibited",
        lambda stack: s3.CfnBucket(stack, "Bucket"),
    ),
    Fault("a bucket without TLS", "AwsSolutions-S10", lambda stack: s3.CfnBucket(stack, "Bucket")),
    Fault("a bucket without a log", "AwsSolutions-S1", lambda stack: s3.CfnBucket(stack, "Bucket")),
    Fault(
        "SSH for the world",
        "AwsSolutions-EC23",
        lambda stack: ec2.CfnSecurityGroup(stack, "Group", group_description="g", security_group_ingress=[OPEN]),
    ),
    Fault(
        "a managed policy",
        "AwsSolutions-IAM4",
        lambda stack: iam.Role(
            stack,
            "Role",
            assumed_by=iam.ServicePrincipal("glue.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AdministratorAccess")],
        ),
    ),
    Fault("a wildcard", "AwsSolutions-IAM5", lambda stack: _policy(stack, ["s3:GetObject"], ["*"])),
    Fault(
        "everything", "NIST.800.53.R5-IAMPolicyNoStatementsWithAdminAccess", lambda stack: _policy(stack, ["*"], ["*"])
    ),
    Fault("a key that stays", "AwsSolutions-KMS5", lambda stack: kms.Key(stack, "Key")),
    Fault("an old Python", "AwsSolutions-L1", lambda stack: _function(stack, "python3.9")),
    Fault("a queue without TLS", "AwsSolutions-SQS4", lambda stack: sqs.Queue(stack, "Queue")),
    Fault("a topic without TLS", "AwsSolutions-SNS3", lambda stack: sns.Topic(stack, "Topic")),
    Fault("a topic in plain text", "HIPAA.Security-SNSEncryptedKMS", lambda stack: sns.Topic(stack, "Topic")),
    Fault(
        "a public database",
        "PCI.DSS.321-RDSInstancePublicAccess",
        lambda stack: _database(stack, public=True, encrypted=True),
    ),
    Fault(
        "a database in plain text", "AwsSolutions-RDS2", lambda stack: _database(stack, public=False, encrypted=False)
    ),
    Fault("a warehouse in plain text", "AwsSolutions-RS2", _warehouse),
    Fault("a state machine without a log", "AwsSolutions-SF1", _machine),
    Fault("a notebook on the internet", "AwsSolutions-SM3", _notebook),
    Fault("a notebook without a key", "NIST.800.53.R5-SageMakerNotebookInstanceKMSKeyConfigured", _notebook),
    Fault("a table that cannot be restored", "AwsSolutions-DDB3", _table),
    Fault("an API for everybody", "AwsSolutions-APIG4", _api),
    Fault(
        "a log that is kept for ever",
        "NIST.800.53.R5-CloudWatchLogGroupRetentionPeriod",
        lambda stack: logs.CfnLogGroup(stack, "Log"),
    ),
    Fault(
        "a volume in plain text",
        "AwsSolutions-EC26",
        lambda stack: ec2.CfnVolume(stack, "Volume", availability_zone="eu-central-1a", size=1),
    ),
    Fault("files in plain text", "AwsSolutions-EFS1", lambda stack: efs.CfnFileSystem(stack, "Files", encrypted=False)),
    Fault("a search domain for everybody", "AwsSolutions-OS1", lambda stack: opensearch.CfnDomain(stack, "Search")),
    Fault("a secret that never changes", "AwsSolutions-SMG4", lambda stack: secrets.CfnSecret(stack, "Secret")),
    Fault(
        "a trail that can be changed",
        "NIST.800.53.R5-CloudTrailLogFileValidationEnabled",
        lambda stack: cloudtrail.CfnTrail(stack, "Trail", is_logging=True, s3_bucket_name="b"),
    ),
    Fault(
        "a build without a key",
        "AwsSolutions-CB4",
        lambda stack: codebuild.Project(stack, "Build", build_spec=codebuild.BuildSpec.from_object({"version": "0.2"})),
    ),
    Fault(
        "a VPC whose traffic nobody sees",
        "AwsSolutions-VPC7",
        lambda stack: ec2.CfnVPC(stack, "Vpc", cidr_block="10.0.0.0/16"),
    ),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every rule that some pack's finding has, by the stack of the fault."""
    made = app.new_app(outdir=str(tmp_path_factory.mktemp("packs")))
    for number, fault in enumerate(FAULTS):
        fault.make(cdk.Stack(made, f"Fault{number}"))
    rules: dict[str, set[str]] = {}
    for pack in PACKS:
        for violation in pack(made).validate_scope(made).violations:
            for resource in violation.violating_resources:
                stack = (resource.construct_path or "").partition("/")[0]
                rules.setdefault(stack, set()).add(violation.rule_name.partition("[")[0])
    return rules


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[fault.name for fault in FAULTS])
def test_a_fault_is_caught(number: int, found: dict[str, set[str]]) -> None:
    caught = found[f"Fault{number}"]
    print(f"{FAULTS[number].name}: {', '.join(sorted(caught))}")
    assert FAULTS[number].rule in caught
