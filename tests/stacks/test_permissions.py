"""Every role and every policy of the templates, read as an auditor would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.stacks.synthesis import Assembly

SERVICE_POLICIES = ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")

INTERFACES = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ec2:UnassignPrivateIpAddresses",
}
"""What Lambda asks for on every resource, and what EC2 knows no resource for."""


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def wildcards(assembly: Assembly) -> Iterator[tuple[str, Any]]:
    for where, statement in assembly.statements():
        yield from ((where, resource) for resource in listed(statement["Resource"]) if "*" in json.dumps(resource))


def test_no_role_is_given_an_action_with_a_wildcard(assembly: Assembly) -> None:
    given = {action for _, statement in assembly.statements() for action in listed(statement["Action"])}
    assert [action for action in given if "*" in action] == []


def test_no_role_denies_or_excludes(assembly: Assembly) -> None:
    assert [where for where, statement in assembly.statements() if statement["Effect"] != "Allow"] == []
    assert [where for where, statement in assembly.statements() if {"NotAction", "NotResource"} & set(statement)] == []


def test_roles_have_no_managed_policies(assembly: Assembly) -> None:
    roles = assembly.properties("AWS::IAM::Role")
    assert [name for name, role in roles.items() if role.get("ManagedPolicyArns")] == []


def test_only_actions_without_resources_are_allowed_on_everything(assembly: Assembly) -> None:
    allowed = {
        action
        for _, statement in assembly.statements()
        if "*" in listed(statement["Resource"])
        for action in listed(statement["Action"])
    }
    if assembly.environment == "prod":  # whose functions and jobs are in a VPC
        assert {action for action in allowed if action.startswith("ec2:")} == INTERFACES
    assert allowed - (INTERFACES if assembly.environment == "prod" else set()) == {
        "batch:DescribeJobs",
        "cloudwatch:PutMetricData",
        "ecr:GetAuthorizationToken",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "sagemaker:ListEndpointConfigs",
        "sagemaker:ListModelPackages",
        "sagemaker:ListModels",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }


def test_a_passed_role_says_to_whom_it_may_be_passed(assembly: Assembly) -> None:
    passing = [statement for _, statement in assembly.statements() if "iam:PassRole" in listed(statement["Action"])]
    assert passing
    for statement in passing:
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        assert "*" not in json.dumps(statement["Resource"])


def test_a_service_may_use_a_queue_or_topic_for_one_source_only(assembly: Assembly) -> None:
    for name, properties in assembly.properties(*SERVICE_POLICIES).items():
        for statement in properties["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow":
                assert set(statement["Principal"]) == {"Service"}, name
                assert "aws:SourceArn" in json.dumps(statement["Condition"]), name


def test_a_service_may_call_a_function_for_one_source_only(assembly: Assembly) -> None:
    permissions = assembly.properties("AWS::Lambda::Permission")
    assert permissions
    assert [name for name, permission in permissions.items() if "SourceArn" not in permission] == []


def let_in(assembly: Assembly) -> dict[str, Any]:
    """Return the services that the key lets in, with the condition of each."""
    (key,) = [key for key in assembly.properties("AWS::KMS::Key").values() if key.get("EnableKeyRotation")]
    return {
        json.dumps(service): statement.get("Condition")
        for statement in key["KeyPolicy"]["Statement"]
        for service in listed(statement["Principal"].get("Service", []))
    }


def test_the_key_lets_services_in_for_this_account_only(assembly: Assembly) -> None:
    unconditioned = [service for service, condition in let_in(assembly).items() if condition is None]
    assert unconditioned == ['"events.amazonaws.com"']  # it names no source to KMS


def test_an_alarm_can_reach_its_topic_through_the_key(assembly: Assembly) -> None:
    assert '"cloudwatch.amazonaws.com"' in let_in(assembly)


def test_every_function_has_a_role_of_its_own(assembly: Assembly) -> None:
    roles = [json.dumps(function["Role"]) for function in assembly.properties("AWS::Lambda::Function").values()]
    assert len(set(roles)) == len(roles)


def test_every_job_has_a_role_of_its_own_beside_the_one_that_starts_it(assembly: Assembly) -> None:
    containers = [job["ContainerProperties"] for job in assembly.properties("AWS::Batch::JobDefinition").values()]
    own = {json.dumps(container["JobRoleArn"]) for container in containers}
    assert len(own) == len(containers)
    assert own.isdisjoint({json.dumps(container["ExecutionRoleArn"]) for container in containers})


def test_an_evaluation_writes_model_cards_and_no_artefact(assembly: Assembly) -> None:
    written = [
        json.dumps(resource)
        for where, statement in assembly.statements()
        if "EvaluateJobRole" in where and "s3:PutObject" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if "Models" in json.dumps(resource)
    ]
    assert written
    assert [resource for resource in written if ".html" not in resource] == []
