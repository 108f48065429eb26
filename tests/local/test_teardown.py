"""Two environments of branches, really deployed side by side and in use: one is torn down, the other stays whole."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app import build, new_app
from config.environment import Environment
from config.loading import load_branch
from config.naming import slug
from local.server import EmbeddedAws
from runtime.endpoint import names_prefix
from runtime.teardown.destroy import destroy, plan
from runtime.teardown.owned import Owned, read
from runtime.teardown.pace import within
from tests.local.embedded import wait_for

pytestmark = pytest.mark.thorough

REFS = ("feature/prices", "feature/other")
ACCOUNT, REGION = "123456789012", "us-east-1"


SERVICES = ("/aws-glue/jobs/error", "/aws-glue/jobs/output", "/aws/batch/job")
"""Where services write the logs of every environment: these are the account's."""


def environment_of(ref: str) -> Environment:
    return load_branch(ref).model_copy(update={"account": ACCOUNT, "region": REGION})


MINE, OTHER = (environment_of(ref) for ref in REFS)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(account=ACCOUNT, region=REGION) as aws:
        yield aws


def deploy(aws: EmbeddedAws, environment: Environment, directory: Path) -> Owned:
    """Deploy an environment as its branch would, and return what it owns."""
    app = new_app(outdir=str(directory / environment.name), context={"aws:cdk:bundling-stacks": []})
    build(app, environment=environment, lines=["flights"])
    aws.deploy(Path(app.synth().directory))
    return read(aws.client, environment.name)


def use(aws: EmbeddedAws, owned: Owned) -> None:
    """Leave in an environment what runs leave: objects, an endpoint with its log, a package."""
    s3, sagemaker, name = aws.client("s3"), aws.client("sagemaker"), slug(owned.id, "flights")
    for bucket in owned.names("AWS::S3::Bucket"):
        for body in (b"1", b"2"):
            s3.put_object(Bucket=bucket, Key="raw/flights/day.csv", Body=body)
        s3.delete_object(Bucket=bucket, Key="raw/flights/day.csv")
        s3.create_multipart_upload(Bucket=bucket, Key="raw/flights/half.csv")
    made, container = f"{names_prefix(name)}0123456789", {"Image": "image", "ModelDataUrl": "s3://models/model.tar.gz"}
    role = f"arn:aws:iam::{ACCOUNT}:role/{owned.names('AWS::IAM::Role')[0]}"
    sagemaker.create_model(ModelName=made, ExecutionRoleArn=role, PrimaryContainer=container)
    variant = {"VariantName": "champion", "ModelName": made}
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=made, ProductionVariants=[{**variant, "ServerlessConfig": serverless}]
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=made)
    sagemaker.create_model_package(ModelPackageGroupName=name, ModelApprovalStatus="Approved")
    wait_for(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] != "Creating" or None)


def start(aws: EmbeddedAws, owned: Owned) -> str:
    """Start a run, which waits for its first job."""
    machine = next(one for one in owned.names("AWS::StepFunctions::StateMachine") if "Release" not in one)
    started = aws.client("stepfunctions").start_execution(stateMachineArn=machine, name=f"run-{owned.id}", input="{}")
    arn: str = started["executionArn"]
    return arn


def account_of(aws: EmbeddedAws) -> dict[str, list[str]]:
    """Return what there is in the account, by kind."""
    listings: dict[str, tuple[str, str, str]] = {
        "s3": ("list_buckets", "Buckets", "Name"),
        "dynamodb": ("list_tables", "TableNames", ""),
        "lambda": ("list_functions", "Functions", "FunctionName"),
        "iam": ("list_roles", "Roles", "RoleName"),
        "logs": ("describe_log_groups", "logGroups", "logGroupName"),
        "sqs": ("list_queues", "QueueUrls", ""),
        "sns": ("list_topics", "Topics", "TopicArn"),
        "stepfunctions": ("list_state_machines", "stateMachines", "stateMachineArn"),
        "events": ("list_rules", "Rules", "Name"),
        "glue": ("get_databases", "DatabaseList", "Name"),
        "batch": ("describe_job_queues", "jobQueues", "jobQueueName"),
        "ec2": ("describe_vpcs", "Vpcs", "VpcId"),
        "cloudwatch": ("describe_alarms", "MetricAlarms", "AlarmName"),
        "apigateway": ("get_rest_apis", "items", "name"),
    }
    found = {}
    for service, (operation, key, name) in listings.items():
        items = getattr(aws.client(service), operation)().get(key, [])
        found[service] = sorted(item[name] if name else item for item in items)
    sagemaker: Any = aws.client("sagemaker")
    found["endpoints"] = [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]]
    found["models"] = [one["ModelName"] for one in sagemaker.list_models()["Models"]]
    found["configs"] = [one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
    found["groups"] = [
        one["ModelPackageGroupName"] for one in sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    ]
    found["dashboards"] = [
        one["DashboardName"] for one in aws.client("cloudwatch").list_dashboards()["DashboardEntries"]
    ]
    return found


def beyond(account: dict[str, list[str]], other: dict[str, list[str]]) -> list[str]:
    """Return what the account has and the other has not."""
    return [f"{kind} {one}" for kind, names in account.items() for one in names if one not in [*other[kind], *SERVICES]]


def test_a_deployed_environment_goes_whole_and_its_neighbour_stays(aws: EmbeddedAws, tmp_path: Path) -> None:
    clients = functools.cache(aws.client)
    use(aws, deploy(aws, OTHER, tmp_path))
    before, neighbours = account_of(aws), plan(clients, read(clients, OTHER.name))
    mine = deploy(aws, MINE, tmp_path)
    use(aws, mine)
    run = start(aws, mine)
    bucket = mine.names("AWS::S3::Bucket")[0]

    report = destroy(clients, MINE.name, standing=["dev"], pace=within(120))

    assert [str(one) for one in report.left] == []
    assert {"stack", "contents of bucket", "endpoint", "model", "model package"} <= {one.kind for one in report.removed}
    after = account_of(aws)
    assert beyond(after, before) == []
    assert beyond(before, after) == []
    assert plan(clients, read(clients, OTHER.name)) == neighbours
    with pytest.raises(ClientError):
        aws.client("s3").head_bucket(Bucket=bucket)
    assert [one.kind for one in report.removed if one.name == run] == ["running execution"]
    again = destroy(clients, MINE.name, standing=["dev"], pace=within(120))
    assert (again.removed, again.left) == ([], [])
