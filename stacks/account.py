"""The stack that each account has once: who may deploy into it from outside, and what clears up after branches."""

from __future__ import annotations

from typing import Any, Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from assembly_line.alarms import publish_runbooks
from assembly_line.encryption import EnvironmentKey
from assembly_line.handler import Handlers
from assembly_line.janitor import Janitor
from assembly_line.janitor_rights import grant
from assembly_line.notices import AlarmTopic, ApiLogging
from assembly_line.permissions import allow
from config import tags
from config.account import Account, bootstrap_roles, deployers, load_account, role_name
from config.environment import Environment
from config.errors import LineError
from config.loading import standing_names
from stacks.builds import allow_telling

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def add_account(app: cdk.App, *, environment: Environment, synthesizer: cdk.IStackSynthesizer) -> AccountStack:
    """Put the stack of a standing environment's account into the app; raises LineError for what does not fit."""
    deployed = deployers(environment.account)
    for branches in (one for one in deployed if not one.protected and one.region != environment.region):
        raise LineError(
            f"account {environment.account} has its branch environments in {branches.region}, where their janitor must "
            f"be, and environment {environment.name!r} is in {environment.region}: name one of {branches.region}"
        )
    return AccountStack(
        app,
        "Account",
        account=load_account(),
        home=environment,
        deployed=deployed,
        stack_name="AssemblyLine-Account",
        synthesizer=synthesizer,
        env=cdk.Environment(account=environment.account, region=environment.region),
        termination_protection=True,
        tags={tags.PROJECT: tags.PROJECT_VALUE, tags.PROTECTED: "true"},
    )


class AccountStack(cdk.Stack):
    """GitHub as an identity provider, a role for each environment that is deployed here, what APIs log with, and the
    janitor of branches."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        account: Account,
        home: Environment,
        deployed: list[Environment],
        **stack: Any,
    ) -> None:
        super().__init__(scope, id_, **stack)
        publish_runbooks(self, home)
        self._settings = account
        self._provider = self._github()
        ApiLogging(self, "ApiLogging")  # one per account and region: with an environment of its own it would go, too
        for environment in deployed:
            deploys = self._role(environment, "deploys")
            allow(deploys, "sts:AssumeRole", on=bootstrap_roles(environment, partition=self.partition))
            allow_telling(deploys, environment, partition=self.partition)
            if not environment.protected:
                grant(self._role(environment, "destroys"), standing=standing_names())
        if any(not environment.protected for environment in deployed):
            kept = {
                "alarm_emails": account.alarm_emails,
                "retain_data": True,
            }  # the stack is protected, and so is its key
            self._janitor(home.model_copy(update=kept))

    def _github(self) -> str:
        """Return the ARN of GitHub's OIDC provider, made here unless the account has it."""
        if self._settings.existing_provider:
            return f"arn:{self.partition}:iam::{self.account}:oidc-provider/{ISSUER}"
        made = iam.CfnOIDCProvider(self, "GitHub", url=f"https://{ISSUER}", client_id_list=[AUDIENCE])
        return made.attr_arn

    def _role(self, environment: Environment, does: Literal["deploys", "destroys"]) -> iam.Role:
        """Return a role that GitHub's jobs of one environment may take, and nobody else."""
        subject = self._settings.subject(environment.name)
        id_ = f"{does.capitalize()}{environment.name.capitalize()}"
        role = iam.Role(
            self,
            id_,
            role_name=role_name(environment.name, does),
            description=f"GitHub {does} environment {environment.name}",
            max_session_duration=cdk.Duration.hours(2),
            assumed_by=iam.WebIdentityPrincipal(
                self._provider,
                conditions={"StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": subject}},
            ),
        )
        cdk.CfnOutput(self, f"Role{id_}", value=role.role_arn)
        return role

    def _janitor(self, home: Environment) -> None:
        """What removes the branches' environments that nobody removed."""
        key = EnvironmentKey(self, "Encryption", environment=home).key
        handlers = Handlers(self, "Handlers", environment=home, key=key, inside=None)
        topic = AlarmTopic(self, "Alarms", environment=home, key=key).topic
        Janitor(self, "Janitor", handlers=handlers, topic=topic, key=key, standing=standing_names())
