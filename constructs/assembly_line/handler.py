"""The one way in which this project makes a Lambda function."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from assembly_line.code import ARCHITECTURE, PYTHON, handler_code, handler_dependencies
from assembly_line.inside import Inside
from assembly_line.logbook import Logbook
from assembly_line.permissions import acknowledge, allow, allow_key, fixed, rights
from config.environment import Environment


class Handlers(Construct):
    """What the functions of a stack share: code and dependencies, each one asset, their network; and which there are.

    Without ``inside`` they run in no VPC.
    """

    def __init__(
        self, scope: Construct, id_: str, *, environment: Environment, key: kms.IKey, inside: Inside | None = None
    ) -> None:
        super().__init__(scope, id_)
        self.environment = environment
        self.key = key
        self.inside = inside
        self.made: dict[str, lambda_.Function] = {}
        self.code = handler_code()
        self.dependencies = lambda_.LayerVersion(
            self,
            "Dependencies",
            code=handler_dependencies(),
            compatible_runtimes=[PYTHON],
            compatible_architectures=[ARCHITECTURE],
        )


class Handler(Construct):
    """One function ``handler`` of a module in ``lambdas/``, with its own role and log group.

    ``dead_letters`` keep the events at which it failed for good, where nobody waits for its answer.

    >>> Handler(self, "Drift", handlers=handlers, module="lambdas.monitoring.drift", environment={})  # doctest: +SKIP
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        handlers: Handlers,
        module: str,
        environment: Mapping[str, str],
        timeout: Duration | None = None,
        memory_mb: int = 256,
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.timeout = timeout or Duration.seconds(60)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        inside = handlers.inside
        log = Logbook(self, "Log", environment=handlers.environment, key=handlers.key)
        self.function = lambda_.Function(
            self,
            "Function",
            description=module,
            runtime=PYTHON,
            architecture=ARCHITECTURE,
            handler=f"{module}.handler",
            code=handlers.code,
            layers=[handlers.dependencies],
            role=fixed(self.role),
            log_group=log.group,
            environment=dict(environment),
            timeout=self.timeout,
            memory_size=memory_mb,
            tracing=lambda_.Tracing.ACTIVE,
            dead_letter_queue=dead_letters,
            vpc=inside.vpc if inside else None,
            vpc_subnets=ec2.SubnetSelection(subnets=list(inside.subnets)) if inside else None,
            security_groups=[inside.group] if inside else None,
        )
        handlers.made[module.removeprefix("lambdas.")] = self.function
        allow(self.role, "logs:CreateLogStream", "logs:PutLogEvents", on=[log.group.log_group_arn])
        allow(
            self.role,
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            on=["*"],
            why="X-Ray knows no resources to name: it takes segments from the account as a whole",
        )
        if dead_letters is not None:
            allow(self.role, "sqs:SendMessage", on=[dead_letters.queue_arn])
            allow_key(self.role, handlers.key, write=True)
        if inside is not None:
            inside.allow_function(self.role)
        self.function.node.add_dependency(rights(self.role))
        acknowledge(
            self.function,
            "AwsSolutions-L1",
            "Python 3.13 is what Glue 6.0 runs: jobs and handlers share modules, so they share their Python",
        )
