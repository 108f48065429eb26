"""What a line of a branch's environment may read of the environment that it is pinned to: nothing until it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aws_cdk import CfnCondition, CfnParameter, Fn, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from assembly_line.naming import identifier
from assembly_line.permissions import acknowledge, flat
from config.environment import Environment
from runtime.pins import PARAMETERS, PINNED_LAKE, key_of

_WHY = "files and tables are made over there by runs, so only the beginning of their names is known here"


def pins_of(environment: Environment, line: str) -> str:
    """Return where in the lake a line's pins lie; empty for an environment that is never pinned."""
    branch = environment.branch
    return key_of(line) if branch is not None and branch.data_from is not None else ""


class Pinned(Construct):
    """Read grants on the very places that `line env pin` names, in parameters of the stack that are empty before.

    A pin fills the parameters of the deployed stack, so that CloudFormation attaches the policy and removes it with
    the stack; a later deploy keeps their values.
    """

    def __init__(self, scope: Construct, id_: str, *, role: iam.Role, origin: str, line: str, others: Sequence[str]):
        super().__init__(scope, id_)
        raw, lake, key = (
            self._parameter(name).value_as_string if name != PINNED_LAKE or others else "" for name in PARAMETERS
        )
        is_pinned = CfnCondition(self, "IsPinned", expression=Fn.condition_not(Fn.condition_equals(raw, "")))
        policy = iam.Policy(self, "Policy", roles=[role])
        partition = Stack.of(self).partition
        for statement in (
            self._read("s3:GetObjectVersion", on=[f"arn:{partition}:s3:::{raw}/{line}/*"]),
            iam.PolicyStatement(actions=["kms:Decrypt"], resources=[key]),
            *self._tables(identifier(origin), lake, others),
        ):
            policy.add_statements(statement)
            for resource in statement.resources:
                if "*" in resource:
                    acknowledge(policy, f"AwsSolutions-IAM5[Resource::{flat(Stack.of(self).resolve(resource))}]", _WHY)
        made = policy.node.default_child
        assert isinstance(made, iam.CfnPolicy)  # noqa: S101 (what a Policy is made of)
        made.cfn_options.condition = is_pinned

    def _parameter(self, name: str) -> CfnParameter:
        parameter = CfnParameter(self, name, default="", description="filled by line env pin")
        parameter.override_logical_id(name)
        return parameter

    def _tables(self, database: str, lake: str, others: Sequence[str]) -> Iterator[iam.PolicyStatement]:
        """Yield what reads tables of other lines over there."""
        if others:
            stack = Stack.of(self)
            place = f"arn:{stack.partition}:glue:{stack.region}:{stack.account}"
            tables = [f"{place}:table/{database}/{other}_*" for other in others]
            yield self._read("glue:GetTable", on=[f"{place}:catalog", f"{place}:database/{database}", *tables])
            files = [f"arn:{stack.partition}:s3:::{lake}/warehouse/{database}/{other}_*" for other in others]
            yield self._read("s3:GetObject", on=files)

    @staticmethod
    def _read(action: str, *, on: Sequence[str]) -> iam.PolicyStatement:
        return iam.PolicyStatement(actions=[action], resources=list(on))
