"""The line's model registry: a group of model packages, filled by runs."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from assembly_line.permissions import allow

_MADE_BY_RUNS = "SageMaker numbers the packages of a group as runs register them: none can be named here"


class Registry(Construct):
    """A model package group, and grants to those who fill or empty it."""

    def __init__(self, scope: Construct, id_: str, *, name: str, question: str) -> None:
        super().__init__(scope, id_)
        self.name = name
        self.group = sagemaker.CfnModelPackageGroup(
            self, "Group", model_package_group_name=name, model_package_group_description=question
        )
        stack = Stack.of(self)
        place = f"arn:{stack.partition}:sagemaker:{stack.region}:{stack.account}"
        self._group_arn = f"{place}:model-package-group/{name}"
        self._packages = f"{place}:model-package/{name}/*"

    def grant_register(self, role: iam.Role) -> None:
        """Let a role add a package to the group."""
        allow(role, "sagemaker:CreateModelPackage", on=[self._group_arn, self._packages], why=_MADE_BY_RUNS)
        self.grant_read(role)

    def grant_read(self, role: iam.Role) -> None:
        """Let a role read every package of the group."""
        self.grant_describe(role)
        self._grant_list(role)

    def grant_describe(self, role: iam.Role) -> None:
        """Let a role read a package that it is told of."""
        allow(role, "sagemaker:DescribeModelPackage", on=[self._packages], why=_MADE_BY_RUNS)

    def grant_reject(self, role: iam.Role) -> None:
        """Let a role mark a package as one that is not to be released."""
        allow(role, "sagemaker:UpdateModelPackage", on=[self._packages], why=_MADE_BY_RUNS)

    def grant_empty(self, role: iam.Role) -> None:
        """Let a role delete every package of the group, which cannot be deleted otherwise."""
        allow(role, "sagemaker:DeleteModelPackage", on=[self._packages], why=_MADE_BY_RUNS)
        self._grant_list(role)

    def _grant_list(self, role: iam.Role) -> None:
        allow(
            role,
            "sagemaker:ListModelPackages",
            on=["*"],
            why="SageMaker knows no resource for its list actions: they list the account",
        )
