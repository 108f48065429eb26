"""The one way in which this project makes a state machine: a Standard one, logged and traced, on a role of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.logbook import Logbook
from assembly_line.permissions import allow, fixed, rights
from assembly_line.shared import Shared


def machine_role(scope: Construct) -> iam.Role:
    """Return a role for Step Functions that may write traces and logs; what its tasks do is granted to it."""
    role = iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal(
            "states.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        ),
    )
    allow(
        role,
        *("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"),
        on=["*"],
        why="X-Ray knows no resources to name: it takes segments from the account as a whole",
    )
    allow(
        role,
        *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
        *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies"),
        "logs:DescribeLogGroups",
        on=["*"],
        why="log deliveries and resource policies are the account's: CloudWatch Logs has no resource for them",
    )
    return role


def state_machine(
    scope: Construct, *, shared: Shared, role: iam.Role, name: str, definition: sfn.IChainable, timeout: Duration
) -> sfn.StateMachine:
    """Return a state machine on a role whose rights exist before it does; ``name`` is that of its log."""
    log = Logbook(
        scope,
        "Log",
        environment=shared.environment,
        key=shared.key,
        # the prefix for which AWS keeps one resource policy, in place of one per log group until the limit is met
        name=f"/aws/vendedlogs/states/{name}",
    )
    made = sfn.StateMachine(
        scope,
        "StateMachine",
        definition_body=sfn.DefinitionBody.from_chainable(definition),
        role=fixed(role),
        timeout=timeout,
        tracing_enabled=True,
        logs=sfn.LogOptions(destination=log.group, level=sfn.LogLevel.ALL, include_execution_data=True),
    )
    made.node.add_dependency(rights(role))
    return made


def with_defaults(scope: Construct, values: Mapping[str, Any], then: sfn.IChainable) -> sfn.IChainable:
    """Return the states before ``then`` that give an execution's input the values that it does not have."""
    defaults = sfn.Pass(scope, "Defaults", result=sfn.Result.from_object(dict(values)), result_path="$.defaults")
    given = sfn.Pass(
        scope,
        "Given",
        parameters={
            "given": sfn.JsonPath.json_merge(sfn.JsonPath.object_at("$.defaults"), sfn.JsonPath.object_at("$"))
        },
        output_path="$.given",
    )
    return defaults.next(given).next(then)
