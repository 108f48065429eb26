"""Where everything runs: by default nothing has a way in, with ``vpc_only`` nothing has a way out but AWS's own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from assembly_line.network import ENDPOINTS, NOT_CALLED
from tests.stacks.synthesis import Assembly, Json, synthesized

IN_THE_VPC = ("lambda", "ecs-tasks", "glue", "sagemaker", "ec2")
"""Services whose roles are those of what runs in the VPC; the others call AWS from outside of it."""

GATES = tuple(f"AWS::EC2::{kind}" for kind in ("InternetGateway", "VPCGatewayAttachment", "NatGateway", "EIP"))


def actions_inside(assembly: Assembly) -> Iterator[str]:
    """Yield each action that a role of something in the VPC is allowed."""
    roles = {
        name.partition("/")[2]: json.dumps(role["AssumeRolePolicyDocument"])
        for name, role in assembly.properties("AWS::IAM::Role").items()
    }
    inside = {name for name, trust in roles.items() if any(f'"{one}.amazonaws.com"' in trust for one in IN_THE_VPC)}
    assert inside < set(roles)
    for policy in assembly.properties("AWS::IAM::Policy").values():
        if inside & {role["Ref"] for role in policy["Roles"]}:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield from [said] if isinstance(said := statement["Action"], str) else said


def endpoints(assembly: Assembly, kind: str) -> dict[str, Json]:
    """Return the VPC's endpoints of a kind by their services' short names."""
    found = {}
    for made in assembly.properties("AWS::EC2::VPCEndpoint").values():
        if made["VpcEndpointType"] == kind:
            name = made["ServiceName"]
            parts = [name] if isinstance(name, str) else name["Fn::Join"][1]
            text = "".join(part for part in parts if isinstance(part, str))
            found[text.removeprefix("com.amazonaws.").removeprefix("eu-central-1").strip(".")] = made
    return found


@pytest.mark.parametrize("environment", ["dev", "local"])
def test_a_cheap_environment_has_no_nat_no_endpoint_with_a_price_and_no_way_in(environment: str) -> None:
    assembly = synthesized(environment)
    assert list(assembly.resources("AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::SecurityGroupIngress")) == []
    assert set(endpoints(assembly, "Gateway")) == {"s3", "dynamodb"}
    assert endpoints(assembly, "Interface") == {}
    assert all("VpcConfig" not in function for function in assembly.properties("AWS::Lambda::Function").values())


def test_vpc_only_has_no_route_to_the_internet(prod: Assembly) -> None:
    assert list(prod.resources("AWS::EC2::Route", *GATES)) == []
    assert [
        name for name, subnet in prod.properties("AWS::EC2::Subnet").items() if subnet.get("MapPublicIpOnLaunch")
    ] == []


def test_vpc_only_puts_every_function_into_its_subnets(prod: Assembly) -> None:
    functions = prod.properties("AWS::Lambda::Function")
    assert functions
    for name, function in functions.items():
        assert len(function["VpcConfig"]["SubnetIds"]) == 2, name
        assert len(function["VpcConfig"]["SecurityGroupIds"]) == 1, name


def test_vpc_only_puts_every_job_there(prod: Assembly) -> None:
    for name, job in prod.properties("AWS::Batch::JobDefinition").items():
        assert job["ContainerProperties"]["NetworkConfiguration"] == {"AssignPublicIp": "DISABLED"}, name
    for name, job in prod.properties("AWS::Glue::Job").items():
        assert job["Connections"]["Connections"] == ["assembly-line-prod-network"], name
    (connection,) = prod.properties("AWS::Glue::Connection").values()
    place = connection["ConnectionInput"]["PhysicalConnectionRequirements"]
    assert set(place) == {"AvailabilityZone", "SubnetId", "SecurityGroupIdList"}
    deploy = next(
        function["Environment"]["Variables"]
        for function in prod.properties("AWS::Lambda::Function").values()
        if function["Description"] == "lambdas.release.deploy"
    )
    assert "Subnets" in json.dumps(deploy["VPC"])


def test_vpc_only_installs_no_package_from_the_internet(prod: Assembly) -> None:
    for job in prod.properties("AWS::Glue::Job").values():
        arguments = job["DefaultArguments"]
        assert "--additional-python-modules" not in arguments
        assert ".zip" in json.dumps(arguments["--packages"])


def test_vpc_only_has_an_endpoint_for_exactly_the_services_that_are_called(prod: Assembly) -> None:
    called = {action.partition(":")[0] for action in actions_inside(prod)}
    wanted = {name for service in called - set(NOT_CALLED) for name in ENDPOINTS[service]}
    # no line of this assembly reads a database; its environment has one for those that do
    assert set(endpoints(prod, "Interface")) == wanted | {"secretsmanager"}
    assert set(endpoints(prod, "Gateway")) == {"s3", "dynamodb"}


def test_an_endpoint_serves_the_account_alone_and_only_from_the_groups_of_jobs(prod: Assembly) -> None:
    for name, made in endpoints(prod, "Interface").items():
        (statement,) = made["PolicyDocument"]["Statement"]
        assert statement["Condition"]["StringEquals"]["aws:PrincipalAccount"] == "222222222222", name
        assert made["PrivateDnsEnabled"] is True, name
        assert len(made["SubnetIds"]) == 2, name
    ways_in = list(prod.properties("AWS::EC2::SecurityGroupIngress").values())
    assert {(rule["FromPort"], rule["ToPort"]) for rule in ways_in if "GlueJobs" not in str(rule["GroupId"])} == {
        (443, 443)
    }
    assert all("SourceSecurityGroupId" in rule and "CidrIp" not in rule for rule in ways_in)


def test_data_leaves_by_the_gateways_to_the_accounts_own_and_to_what_aws_asks_for(prod: Assembly) -> None:
    gateways = endpoints(prod, "Gateway")
    own, *others = gateways["s3"]["PolicyDocument"]["Statement"]
    assert own["Condition"]["StringEquals"] == {
        "aws:PrincipalAccount": "222222222222",
        "aws:ResourceAccount": "222222222222",
    }
    where = [json.dumps(other["Resource"]).partition(":s3:::")[2].rstrip('"]}') for other in others]
    assert dict(zip((other["Action"] for other in others), where, strict=True)) == {
        "s3:GetObject": "prod-eu-central-1-starport-layer-bucket/*",
        "s3:PutObject": "cloudformation-custom-resource-response-eucentral1/*",
    }
    assert [one["Condition"] for one in gateways["dynamodb"]["PolicyDocument"]["Statement"]] == [own["Condition"]]


def test_what_runs_there_is_let_out_to_the_endpoints_and_nowhere_else(prod: Assembly) -> None:
    groups = prod.properties("AWS::EC2::SecurityGroup")
    assert len(groups) == 3
    for name, group in groups.items():
        rules = group["SecurityGroupEgress"]  # a group without any would let everything out
        if "Endpoints" in name:  # CDK writes "to nowhere" as a rule for an address that nobody has
            assert [rule["CidrIp"] for rule in rules] == ["255.255.255.255/32"]
            continue
        assert [rule.get("DestinationPrefixListId") for rule in rules] == [None, "pl-6ea54007", "pl-66a5400f"], name
        assert "Endpoints" in json.dumps(rules[0]["DestinationSecurityGroupId"])
        assert {(rule["FromPort"], rule["ToPort"], rule.get("CidrIp")) for rule in rules} == {(443, 443, None)}
    (among,) = prod.properties("AWS::EC2::SecurityGroupEgress").values()
    assert among["DestinationSecurityGroupId"] == among["GroupId"]  # Glue's workers, each other


def test_only_lambda_itself_may_use_the_right_to_make_interfaces_of_a_functions_role(prod: Assembly) -> None:
    everywhere = [said for _, said in prod.statements() if "ec2:AssignPrivateIpAddresses" in said["Action"]]
    assert len(everywhere) == len(prod.properties("AWS::Lambda::Function"))
    assert [said for said in everywhere if said["Condition"] != {"Null": {"lambda:SourceFunctionArn": "true"}}] == []
