"""The environment's keys: one that encrypts data, messages, tables and logs, and one that signs models."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from config.environment import Environment

_USE = ["kms:Decrypt", "kms:GenerateDataKey"]
YEARLY = 365
"""How often KMS rotates a key that says no more than that it is rotated."""


class EnvironmentKey(Construct):
    """A rotating key that lets in the services which encrypt in their own name; everyone else needs a role's grant.

    Where the environment names an existing key, that one: its keeper lets the same services in (docs/cost.md).
    """

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        existing, days = environment.keys.existing, environment.keys.rotation_days
        self.key: kms.IKey = (
            kms.Key.from_key_arn(self, "Existing", existing) if existing else self._own(environment, days)
        )

    def _own(self, environment: Environment, days: int) -> kms.Key:
        stack = Stack.of(self)
        key = kms.Key(
            self,
            "Key",
            description=f"Assembly Line, environment {environment.name}",
            enable_key_rotation=True,
            rotation_period=Duration.days(days) if days != YEARLY else None,
            removal_policy=RemovalPolicy.RETAIN if environment.retain_data else RemovalPolicy.DESTROY,
        )
        own = {"StringEquals": {"aws:SourceAccount": stack.account}}
        _let_in(key, "cloudwatch.amazonaws.com", _USE, when=own)  # alarm → encrypted topic
        if environment.budget is not None:
            _let_in(key, "budgets.amazonaws.com", _USE, when=own)  # budget → encrypted topic
        _let_in(key, "sns.amazonaws.com", _USE, when=own)  # topic → encrypted queue
        # rule → encrypted queue; EventBridge names no source to KMS, so a condition on one would shut it out
        _let_in(key, "events.amazonaws.com", _USE, when=None)
        groups = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:*"
        _let_in(
            key,
            f"logs.{stack.region}.{stack.url_suffix}",
            [*_USE, "kms:DescribeKey", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
            when={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
        return key


def _let_in(key: kms.Key, service: str, actions: list[str], *, when: dict[str, Any] | None) -> None:
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(service)], actions=actions, resources=["*"], conditions=when
        )
    )


class SigningKey(Construct):
    """An asymmetric key that signs models: its private half never leaves KMS, and nothing uses it without a grant."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        self.key = kms.Key(
            self,
            "Key",
            description=f"Assembly Line, environment {environment.name}: signatures of models",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            removal_policy=RemovalPolicy.RETAIN if environment.retain_data else RemovalPolicy.DESTROY,
        )
