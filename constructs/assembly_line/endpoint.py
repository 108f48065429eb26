"""The line's SageMaker endpoint as infrastructure knows it: its name, what it runs as, who may do what with it."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from assembly_line.jobs import allow_pull
from assembly_line.permissions import allow, allow_key, allow_read
from assembly_line.shared import Shared
from runtime.endpoint import names_prefix

_MADE_BY_RUNS = "models and configurations are made by runs: only the beginning of their names is known here"


class Endpoint(Construct):
    """The role under which the endpoint's containers run, and grants to those who make, ask or delete it."""

    def __init__(self, scope: Construct, id_: str, *, shared: Shared, name: str, line: str) -> None:
        super().__init__(scope, id_)
        self.name = name
        stack = Stack.of(self)
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
        self.grant_update(role)
        allow(role, "sagemaker:CreateModel", on=self._made("model"), why=_MADE_BY_RUNS)
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
        allow(role, "sagemaker:DeleteEndpoint", on=[self.arn])
        allow(role, "sagemaker:DeleteEndpointConfig", on=self._made("endpoint-config"), why=_MADE_BY_RUNS)
        allow(role, "sagemaker:DeleteModel", on=self._made("model"), why=_MADE_BY_RUNS)
        allow(
            role,
            *("sagemaker:ListEndpointConfigs", "sagemaker:ListModels"),
            on=["*"],
            why="SageMaker knows no resource for its list actions: they list the account",
        )

    def _made(self, kind: str) -> list[str]:
        return [f"{self._place}:{kind}/{names_prefix(self.name)}*"]
