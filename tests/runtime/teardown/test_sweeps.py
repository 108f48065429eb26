"""Each sweep on moto: what runs and services really make goes, and its neighbour with a similar name stays."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from config.branches import environment_id
from config.naming import identifier, slug
from runtime.endpoint import names_prefix
from runtime.environments import FOLDER
from runtime.teardown import contents, remains, running, served, tagged
from runtime.teardown.owned import Owned, Resource, read
from runtime.teardown.pace import Pace
from runtime.teardown.sweep import Sweep

REF = "b"
MINE = environment_id(REF)
OTHER = environment_id(MINE)
"""Of a branch that is called like the other's environment: its id begins with that one."""

PACE = Pace(lambda: 1e9)
TAGS = {"project": "assembly-line", "environment": MINE, "ref": REF}
NEIGHBOURS = {"project": "assembly-line", "environment": OTHER, "ref": MINE}


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@functools.cache
def clients(service: str) -> Any:
    client: Any = boto3.client
    return client(service)


def owned(environment: str = MINE, **resources: str) -> Owned:
    """Return an environment with a line, flights, and with some resources: type -> name."""
    group = {"AWS::SageMaker::ModelPackageGroup": slug(environment, "flights")}
    given = {name.replace("__", "::"): value for name, value in resources.items()}
    made = [Resource("stack", "id", type_, name, "CREATE_COMPLETE") for type_, name in (group | given).items()]
    return Owned(environment, (), tuple(made))


def swept(sweeps: list[Sweep], of: Owned) -> dict[str, list[str]]:
    """Delete what sweeps find, twice as a lost answer would have it, and return what was found by kind."""
    found: dict[str, list[str]] = {}
    for sweep in sweeps:
        for name in list(sweep.find(of)):
            found.setdefault(sweep.kind, []).append(name)
            sweep.delete(name)
            sweep.delete(name)
        assert list(sweep.find(of)) == [], sweep.kind
    return found


def bucket(name: str, carried: dict[str, str]) -> str:
    """Make a versioned bucket with versions, a delete marker and half an upload."""
    s3 = clients("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in carried.items()]})
    for body in (b"1", b"2"):
        s3.put_object(Bucket=name, Key="raw/day.csv", Body=body)
    s3.delete_object(Bucket=name, Key="raw/day.csv")
    s3.create_multipart_upload(Bucket=name, Key="raw/half.csv")
    return name


def test_a_bucket_is_emptied_of_versions_markers_and_uploads() -> None:
    mine, other = bucket("mine", {}), bucket("other", {})

    assert swept(contents.sweeps(clients, PACE), owned(AWS__S3__Bucket=mine)) == {"contents of bucket": [mine]}
    clients("s3").delete_bucket(Bucket=mine)
    assert len(clients("s3").list_object_versions(Bucket=other)["Versions"]) == 2


def test_a_bucket_that_is_gone_is_empty() -> None:
    assert swept(contents.sweeps(clients, PACE), owned(AWS__S3__Bucket="never-made")) == {}


def serve(environment: str) -> str:
    """Make an endpoint with its configuration and model, as a run does."""
    sagemaker, name = clients("sagemaker"), slug(environment, "flights")
    made = f"{names_prefix(name)}0123456789"
    container = {"Image": "image", "ModelDataUrl": "s3://models/model.tar.gz"}
    role = "arn:aws:iam::123456789012:role/role"
    sagemaker.create_model(ModelName=made, ExecutionRoleArn=role, PrimaryContainer=container)
    variant = {"VariantName": "champion", "ModelName": made, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=made, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=made)
    return made


def test_what_was_served_goes_and_the_neighbours_stays() -> None:
    made, others = serve(MINE), serve(OTHER)

    known = [sweep for sweep in served.sweeps(clients) if sweep.kind != "model package"]  # stock moto deletes none
    found = swept(known, owned())

    assert found == {"endpoint": [slug(MINE, "flights")], "endpoint configuration": [made], "model": [made]}
    sagemaker = clients("sagemaker")
    assert [one["ModelName"] for one in sagemaker.list_models()["Models"]] == [others]
    assert [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]] == [slug(OTHER, "flights")]


def test_what_runs_is_stopped_and_the_neighbours_runs_on() -> None:
    states, role = clients("stepfunctions"), "arn:aws:iam::123456789012:role/role"
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}})
    machines = [
        states.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
        for name in ("mine", "other")
    ]
    runs = [states.start_execution(stateMachineArn=machine)["executionArn"] for machine in machines]
    events = clients("events")
    for name in ("mine", "other"):
        events.put_rule(Name=name, ScheduleExpression="rate(1 day)")

    of = owned(AWS__StepFunctions__StateMachine=machines[0], AWS__Events__Rule="mine")
    assert swept(running.sweeps(clients), of) == {
        "rule that may start a run": ["mine"],
        "running execution": [runs[0]],
    }
    assert [states.describe_execution(executionArn=run)["status"] for run in runs] == ["ABORTED", "RUNNING"]
    assert [events.describe_rule(Name=name)["State"] for name in ("mine", "other")] == ["DISABLED", "ENABLED"]


def test_a_rule_of_the_environments_own_bus_is_known_as_cloudformation_names_it() -> None:
    events = clients("events")
    events.create_event_bus(Name="bus")
    events.put_rule(Name="mine", EventBusName="bus", EventPattern='{"source": ["line"]}')

    assert swept(running.sweeps(clients), owned(AWS__Events__Rule="bus|mine")) == {
        "rule that may start a run": ["bus|mine"]
    }


def test_a_network_interface_that_was_left_behind_goes() -> None:
    ec2 = clients("ec2")
    networks = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in range(2)]
    subnets = [
        ec2.create_subnet(VpcId=network, CidrBlock=f"10.{n}.0.0/24")["Subnet"]["SubnetId"]
        for n, network in enumerate(networks)
    ]
    made = [
        ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"] for subnet in subnets
    ]

    assert swept(contents.sweeps(clients, PACE), owned(AWS__EC2__VPC=networks[0])) == {"network interface": [made[0]]}
    left = ec2.describe_network_interfaces(NetworkInterfaceIds=[made[1]])["NetworkInterfaces"]
    assert len(left) == 1


def test_what_no_stack_takes_with_it_goes_and_the_neighbours_stays() -> None:
    glue, logs, ssm, cloudwatch = (clients(service) for service in ("glue", "logs", "ssm", "cloudwatch"))
    for environment in (MINE, OTHER, "dev"):
        glue.create_database(DatabaseInput={"Name": identifier(environment)})
        glue.create_table(DatabaseName=identifier(environment), TableInput={"Name": "flights_rows"})
        logs.create_log_group(logGroupName=f"/aws/sagemaker/Endpoints/{slug(environment, 'flights')}")
        logs.create_log_group(logGroupName=f"/aws-glue/jobs/{slug(environment, 'flights')}-role/role/error")
        logs.create_log_group(logGroupName=f"/aws-glue/jobs/by-key-{environment}", kmsKeyId=f"arn:key/{environment}")
        ssm.put_parameter(Name=f"{FOLDER}{environment}/expires-at", Value="2026-01-01T00:00:00Z", Type="String")
        for name in (slug(environment), slug(environment, "flights")):
            cloudwatch.put_dashboard(DashboardName=name, DashboardBody="{}")

    found = swept(remains.sweeps(clients), owned(AWS__KMS__Key=MINE))

    assert {kind: len(names) for kind, names in found.items()} == {
        "Glue database": 1,
        "log group": 3,
        "SSM parameter": 1,
        "dashboard": 2,
    }
    assert all(OTHER not in name and identifier(OTHER) not in name for names in found.values() for name in names)
    assert len(glue.get_databases()["DatabaseList"]) == 2
    assert len(logs.describe_log_groups()["logGroups"]) == 6
    assert len(cloudwatch.list_dashboards()["DashboardEntries"]) == 4


def test_what_was_retained_goes_by_its_tags_and_the_neighbours_stays() -> None:
    made = {carried["environment"]: retained(carried) for carried in (TAGS, NEIGHBOURS)}

    found = swept([*contents.sweeps(clients, PACE), *tagged.sweeps(clients)], read(clients, MINE))

    kinds = ("bucket", "table", "key", "queue", "topic", "log group")
    assert sorted(found) == sorted(["contents of bucket", *(f"retained {kind}" for kind in kinds)])
    arns = {arn for kind, names in found.items() if kind.startswith("retained") for arn in names}
    assert arns == made[MINE]
    assert set(read(clients, OTHER).tagged) == made[OTHER]


def retained(carried: dict[str, str]) -> set[str]:
    """Make one of each kind that a stack may retain, with the tags of an environment; returns their ARNs."""
    name, pairs = carried["environment"], [{"Key": key, "Value": value} for key, value in carried.items()]
    bucket(name, carried)
    clients("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        Tags=pairs,
    )
    kms_tags = [{"TagKey": key, "TagValue": value} for key, value in carried.items()]
    clients("kms").create_key(Tags=kms_tags)
    clients("sqs").create_queue(QueueName=name, tags=carried)
    clients("sns").create_topic(Name=name, Tags=pairs)
    clients("logs").create_log_group(logGroupName=f"/lines/{name}", tags=carried)
    return set(read(clients, name).tagged)
