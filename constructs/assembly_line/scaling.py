"""Automatic scaling of an endpoint on instances: who registers it, each time that it has come into service."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from assembly_line.alarms import error_alarm
from assembly_line.handler import Handler, Handlers
from assembly_line.permissions import allow
from assembly_line.queue import DeadLetters
from assembly_line.shared import Shared
from runtime.endpoint import VARIANT

_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"


class EndpointScaling(Construct):
    """A rule on the endpoint's change to IN_SERVICE, whoever brought it about, and the handler behind it."""

    def __init__(self, scope: Construct, id_: str, *, shared: Shared, handlers: Handlers, endpoint: str) -> None:
        super().__init__(scope, id_)
        serving = shared.environment.endpoint
        letters = DeadLetters(self, "Unscaled", key=shared.key, alarms=shared.alarms)
        self.handler = Handler(
            self,
            "Scale",
            handlers=handlers,
            module="lambdas.release.scale",
            environment={
                "ENDPOINT_NAME": endpoint,
                "LEAST": str(serving.instance_count),
                "MOST": str(serving.max_instance_count),
                "INVOCATIONS_PER_INSTANCE": str(serving.invocations_per_instance),
            },
            dead_letters=letters.queue,
        )
        role, stack = self.handler.role, Stack.of(self)
        allow_scaling(
            role, "application-autoscaling:RegisterScalableTarget", "application-autoscaling:PutScalingPolicy"
        )
        own = f"arn:{stack.partition}:sagemaker:{stack.region}:{stack.account}:endpoint/{endpoint}"
        allow(role, "sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities", on=[own])
        alarms = f"TargetTracking-endpoint/{endpoint}/variant/{VARIANT}-*"
        allow(
            role,
            *("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"),
            on=[f"arn:{stack.partition}:cloudwatch:{stack.region}:{stack.account}:alarm:{alarms}"],
            why="Application Auto Scaling makes the alarms of its policy with the caller's rights and ends their names",
        )
        allow(
            role,
            "iam:CreateServiceLinkedRole",
            on=[
                f"arn:{stack.partition}:iam::{stack.account}:role/aws-service-role/{_SERVICE}/"
                "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
            ],
            when={"StringEquals": {"iam:AWSServiceName": _SERVICE}},
        )
        events.Rule(
            self,
            "InService",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Endpoint State Change"],
                detail={"EndpointName": [endpoint], "EndpointStatus": ["IN_SERVICE"]},
            ),
            targets=[
                targets.LambdaFunction(
                    self.handler.function,
                    dead_letter_queue=letters.queue,
                    retry_attempts=8,
                    max_event_age=Duration.hours(6),
                )
            ],
        )
        error_alarm(
            self,
            "Errors",
            topic=shared.alarms,
            function=self.handler.function,
            says=f"the instances of endpoint {endpoint} do not follow its traffic: read the log of its handler",
            page="scaling",
        )


def allow_scaling(role: iam.Role, *actions: str) -> None:
    """Let a role do some things with scalable targets of SageMaker's endpoints."""
    stack = Stack.of(role)
    allow(
        role,
        *actions,
        on=[f"arn:{stack.partition}:application-autoscaling:{stack.region}:{stack.account}:scalable-target/*"],
        why="a scalable target's ARN ends in an id that is made when it is registered; the condition narrows it",
        when={
            "StringEquals": {
                "application-autoscaling:service-namespace": "sagemaker",
                "application-autoscaling:scalable-dimension": "sagemaker:variant:DesiredInstanceCount",
            }
        },
    )
