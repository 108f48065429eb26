"""The line's SageMaker endpoint as infrastructure knows it: its name, what it runs as, who may do what with it."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Annotations, Duration, Lazy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from assembly_line.alarms import ABOVE, alarm
from assembly_line.handler import Handlers
from assembly_line.jobs import allow_pull
from assembly_line.permissions import allow, allow_key, allow_read
from assembly_line.scaling import EndpointScaling, allow_scaling
from assembly_line.shared import Shared
from assembly_line.watched import Names
from config import tags
from config.errors import LineError
from config.line import Line
from runtime import shadow
from runtime.endpoint import VARIANT, names_prefix
from runtime.rollout import MOST_ALARMS, STARTING

_MADE_BY_RUNS = "models and configurations are made by runs: only the beginning of their names is known here"


class Endpoint(Construct):
    """The role under which the endpoint's containers run, its alarms, and grants to those who make, ask or delete it.

    ``alarms`` ring by the topic, and take a version back that goes into service on instances; ``watch`` adds others.
    """

    def __init__(
        self, scope: Construct, id_: str, *, shared: Shared, handlers: Handlers, name: str, line: Line
    ) -> None:
        super().__init__(scope, id_)
        self.name = name
        self.alarms: list[cloudwatch.IAlarm] = []
        self.kind = shared.environment.endpoint.kind
        self._serving, self._rollout = shared.environment.endpoint, line.release.rollout
        self._key, self._inside = shared.key, shared.inside
        own = {key: value for key, value in shared.environment.tags.items() if key != tags.REF}
        self._tags = {**own, **tags.of_runs(shared.environment.name, line.line, "release")}
        self._deployers: list[iam.Role] = []
        self._check(shared.environment.name, line.line)
        self._role(shared, line.line)
        for each in self._alarms(shared, line.line) if self.kind != "none" else []:
            self.watch(each)
        self.shadows = self.kind == "instance" and self._rollout.shadow is not None
        self.shadow_alarms = self._alarms(shared, line.line, of=shadow.NAME) if self.shadows else []
        self.scaling = (
            EndpointScaling(self, "Scaling", shared=shared, handlers=handlers, endpoint=name)
            if self._serving.scales
            else None
        )

    def _role(self, shared: Shared, line: str) -> None:
        stack, name = Stack.of(self), self.name
        self._place = f"arn:{stack.partition}:sagemaker:{stack.region}:{stack.account}"
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "sagemaker.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
            ),
        )
        allow_read(self.role, shared.models, f"{line}/")
        allow_key(self.role, shared.key)
        allow_pull(self.role, shared)
        if shared.inside is not None:
            shared.inside.allow_sagemaker(self.role)
        log = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:/aws/sagemaker/Endpoints/{name}"
        allow(
            self.role,
            *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            on=[log, f"{log}:*"],
            why="SageMaker names the streams of the endpoint's log group itself, by instance",
        )
        allow(
            self.role,
            "cloudwatch:PutMetricData",
            on=["*"],
            why="CloudWatch has no resources to name here; the condition keeps it to SageMaker's own namespaces",
            when={"StringEquals": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/Endpoints"]}},
        )

    def _check(self, environment: str, line: str) -> None:
        """A line says how traffic moves, an environment whether it can: the two meet here."""
        kind, count = self._rollout.kind, self._serving.instance_count
        if self.kind == "serverless" and (kind != "all_at_once" or self._rollout.shadow):
            Annotations.of(self).add_info(
                f"line {line}: release.rollout has no effect in environment {environment}, whose endpoint is "
                "serverless: SageMaker moves its traffic all at once and takes nothing back by alarms"
            )
        if self.kind == "instance" and kind != "all_at_once" and count < 2:
            raise LineError(
                f"lines/{line}/line.yaml: release.rollout.kind: {kind} needs two instances or more, of which a part "
                f"can take traffic, and environment {environment} has endpoint.instance_count {count}: raise it or "
                "choose all_at_once"
            )

    def _alarms(self, shared: Shared, line: str, *, of: str = VARIANT) -> list[cloudwatch.IAlarm]:
        """Both fleets of an update share one variant, so these tell of both together."""
        means = f"see the log /aws/sagemaker/Endpoints/{self.name}; a rollout in progress is taken back where it can be"
        bounds = {
            "Errors": ("Invocation5XXErrors", cloudwatch.Stats.AVERAGE, self._rollout.error_share, "fails inside"),
            "Latency": ("ModelLatency", cloudwatch.Stats.p(99), self._rollout.latency_ms * 1000, "answers too slowly"),
        }
        return [
            alarm(
                self,
                id_ if of == VARIANT else f"{of.capitalize()}{id_}",
                topic=shared.alarms,
                metric=cloudwatch.Metric(
                    namespace="AWS/SageMaker",
                    metric_name=metric,
                    dimensions_map={"EndpointName": self.name, "VariantName": of},
                    statistic=statistic,
                    period=Duration.minutes(1),
                ),
                threshold=bound,
                when=ABOVE,
                says=f"the {of} on the endpoint of line {line} {what}: {means}",
                page="endpoint",
            )
            for id_, (metric, statistic, bound, what) in bounds.items()
        ]

    def watch(self, other: cloudwatch.IAlarm) -> None:
        """Let another alarm, such as that of the performance, take a version back that is going into service."""
        if len(self.alarms) == MOST_ALARMS:
            raise ValueError(f"{self.node.path}: SageMaker takes {MOST_ALARMS} alarms: watch fewer")
        self.alarms.append(other)
        for role in (self.role, *self._deployers):
            self._let_describe(role, other)

    def _let_describe(self, role: iam.Role, which: cloudwatch.IAlarm) -> None:
        if self.kind == "instance":  # the others have no rollout that looks at them
            allow(role, "cloudwatch:DescribeAlarms", on=[which.alarm_arn])

    def deploy_environment(self) -> dict[str, Any]:
        """Return what a handler that puts versions into service is told of the endpoint, by variable."""
        serving, rollout = self._serving, self._rollout
        how = rollout.model_dump(include={"kind", "share", "step_seconds", "bake_seconds"})
        beside = rollout.shadow if self.shadows else None
        return {
            "ENDPOINT_NAME": self.name,
            "ENDPOINT_ROLE": self.role.role_arn,
            "ENDPOINT_KIND": serving.kind,
            "MEMORY_MB": str(serving.memory_mb),
            "MAX_CONCURRENCY": str(serving.max_concurrency),
            "INSTANCE_TYPE": serving.instance_type,
            "INSTANCE_COUNT": str(serving.instance_count),
            "KMS_KEY": self._key.key_arn,
            "TAGS": json.dumps(self._tags),
            "VPC": json.dumps(self._inside.config if self._inside else {}),
            "ROLLOUT": json.dumps({**how, "seconds": rollout.seconds}),
            "ALARMS": Lazy.string(Names(self.alarms)),
            "SHADOW": json.dumps({"share": beside.share, "seconds": 60 * beside.minutes} if beside else {}),
            "SHADOW_ALARMS": Lazy.string(Names(self.shadow_alarms)),
        }

    @property
    def longest_seconds(self) -> int:
        """How long a version may take to come into service, the start of its servers included."""
        return STARTING + (self._rollout.seconds if self.kind == "instance" else 0)

    @property
    def arn(self) -> str:
        return f"{self._place}:endpoint/{self.name}"

    def grant_invoke(self, role: iam.Role) -> None:
        """Let a role ask for predictions."""
        allow(role, "sagemaker:InvokeEndpoint", on=[self.arn])

    def grant_observe(self, role: iam.Role) -> None:
        """Let a role see what the endpoint is doing."""
        allow(role, "sagemaker:DescribeEndpoint", on=[self.arn])

    def grant_update(self, role: iam.Role) -> None:
        """Let a role put a configuration into service."""
        allow(role, "sagemaker:UpdateEndpoint", on=[self.arn, *self._made("endpoint-config")], why=_MADE_BY_RUNS)

    def grant_deploy(self, role: iam.Role) -> None:
        """Let a role put a new model into service, which runs under the endpoint's own role."""
        self.grant_observe(role)
        self._deployers.append(role)
        for each in (*self.alarms, *self.shadow_alarms):
            self._let_describe(role, each)
        if self.shadows:
            allow(role, "sagemaker:DescribeEndpointConfig", on=self._made("endpoint-config"), why=_MADE_BY_RUNS)
        self._grant_deregister(role)
        self.grant_update(role)
        allow(role, "sagemaker:CreateModel", on=self._made("model"), why=_MADE_BY_RUNS)
        made = [self.arn, *self._made("endpoint-config"), *self._made("model")]
        allow(role, "sagemaker:AddTags", on=made, why=_MADE_BY_RUNS)  # what is made with tags asks for it
        allow(
            role,
            "sagemaker:CreateEndpointConfig",
            on=[*self._made("endpoint-config"), *self._made("model")],
            why=_MADE_BY_RUNS,
        )
        allow(role, "sagemaker:CreateEndpoint", on=[self.arn, *self._made("endpoint-config")], why=_MADE_BY_RUNS)
        allow(role, "sagemaker:DeleteEndpoint", on=[self.arn])  # one that never worked can only be deleted
        allow(
            role,
            "iam:PassRole",
            on=[self.role.role_arn],
            when={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )

    def grant_delete(self, role: iam.Role) -> None:
        """Let a role delete the endpoint with every model and configuration that runs made for it."""
        self.grant_observe(role)
        self._grant_deregister(role)
        allow(role, "sagemaker:DeleteEndpoint", on=[self.arn])
        allow(role, "sagemaker:DeleteEndpointConfig", on=self._made("endpoint-config"), why=_MADE_BY_RUNS)
        allow(role, "sagemaker:DeleteModel", on=self._made("model"), why=_MADE_BY_RUNS)
        allow(
            role,
            *("sagemaker:ListEndpointConfigs", "sagemaker:ListModels"),
            on=["*"],
            why="SageMaker knows no resource for its list actions: they list the account",
        )

    def _grant_deregister(self, role: iam.Role) -> None:
        if self.kind == "instance":
            allow_scaling(role, "application-autoscaling:DeregisterScalableTarget")

    def _made(self, kind: str) -> list[str]:
        return [f"{self._place}:{kind}/{names_prefix(self.name)}*"]
