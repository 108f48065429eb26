"""The stack that each account has once: who may deploy into it from outside."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from config import tags
from config.account import Account, bootstrap_roles, deployers, load_account, role_name
from config.environment import Environment

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def add_account(app: cdk.App, *, environment: Environment, synthesizer: cdk.IStackSynthesizer) -> AccountStack:
    """Put the stack of a standing environment's account into the app; raises LineError for what does not fit."""
    return AccountStack(
        app,
        "Account",
        account=load_account(),
        deployed=deployers(environment.account),
        stack_name="AssemblyLine-Account",
        synthesizer=synthesizer,
        env=cdk.Environment(account=environment.account, region=environment.region),
        termination_protection=True,
        tags={tags.PROJECT: tags.PROJECT_VALUE, tags.PROTECTED: "true"},
    )


class AccountStack(cdk.Stack):
    """GitHub as an identity provider, and a role for each environment that is deployed into the account."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        account: Account,
        deployed: list[Environment],
        **stack: Any,
    ) -> None:
        super().__init__(scope, id_, **stack)
        provider = self._provider(existing=account.existing_provider)
        for environment in deployed:
            self._deployer(environment, account=account, provider=provider)

    def _provider(self, *, existing: bool) -> str:
        """Return the ARN of GitHub's OIDC provider, made here unless the account has it."""
        if existing:
            return f"arn:{self.partition}:iam::{self.account}:oidc-provider/{ISSUER}"
        made = iam.CfnOIDCProvider(self, "GitHub", url=f"https://{ISSUER}", client_id_list=[AUDIENCE])
        return made.attr_arn

    def _deployer(self, environment: Environment, *, account: Account, provider: str) -> None:
        """A role for GitHub's jobs of one environment, which may act through its bootstrap roles and nothing else."""
        role = iam.Role(
            self,
            f"Deploys{environment.name.capitalize()}",
            role_name=role_name(environment.name),
            description=f"GitHub deploys environment {environment.name}",
            max_session_duration=cdk.Duration.hours(2),
            assumed_by=iam.WebIdentityPrincipal(
                provider,
                conditions={
                    "StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": account.subject(environment.name)}
                },
            ),
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["sts:AssumeRole"], resources=bootstrap_roles(environment, partition=self.partition)
            )
        )
        cdk.CfnOutput(self, f"Role{environment.name.capitalize()}", value=role.role_arn)
