"""An environment without internet deploys into the embedded AWS, endpoints and all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import aws_cdk as cdk
import pytest

import app
from config.endpoint import Endpoint
from config.loading import load_environment
from config.network import Network
from local.server import EmbeddedAws
from stacks.foundation import FoundationStack


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    served = Endpoint(kind="instance", instance_count=2)
    environment = load_environment("local").model_copy(update={"network": Network(vpc_only=True), "endpoint": served})
    made = app.new_app(
        outdir=str(tmp_path_factory.mktemp("assembly")),
        context={"aws:cdk:bundling-stacks": []},
        builtin_cloud_formation_validation=False,
    )
    env = cdk.Environment(account=environment.account, region=environment.region)
    FoundationStack(made, "Foundation", environment=environment, env=env)
    with EmbeddedAws() as aws:
        aws.deploy(Path(made.synth().directory))
        yield aws


def test_every_endpoint_is_there_with_its_policy(aws: EmbeddedAws) -> None:
    found = aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    kinds = {one["ServiceName"].removeprefix("com.amazonaws.us-east-1."): one["VpcEndpointType"] for one in found}
    assert {name for name, kind in kinds.items() if kind == "Gateway"} == {"s3", "dynamodb"}
    assert {"kms", "sagemaker.runtime", "ecr.dkr"} < {name for name, kind in kinds.items() if kind == "Interface"}
    assert [one["ServiceName"] for one in found if "aws:PrincipalAccount" not in one["PolicyDocument"]] == []


def test_a_function_in_the_vpc_runs(aws: EmbeddedAws) -> None:
    (recorder,) = aws.client("lambda").list_functions()["Functions"]
    assert len(recorder["VpcConfig"]["SubnetIds"]) == 2
    answer = aws.client("lambda").invoke(FunctionName=recorder["FunctionName"], Payload=b"{}")
    assert json.loads(answer["Payload"].read())["errorType"] == "KeyError"  # the handler's own: it is no announcement
    assert aws.client("glue").get_connection(Name="assembly-line-local-network")["Connection"]
