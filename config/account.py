"""The model of ``config/account.yaml``: what the accounts share, and who may deploy into them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.environment import PATTERN, Environment
from config.errors import LineError
from config.loading import ROOT, environment_names, load_environment
from config.naming import slug
from config.reading import read
from config.strict import Strict

FILE = "config/account.yaml"

BOOTSTRAP_ROLES = ("deploy", "file-publishing", "image-publishing", "lookup")
"""The roles of ``cdk bootstrap`` that whoever deploys acts through; the fifth is CloudFormation's own."""


class Source(Strict):
    """Where CodePipeline, for those without GitHub Actions, takes each commit from."""

    kind: Literal["connection", "codecommit", "s3"]
    connection_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:(codeconnections|codestar-connections):\S+$")] = (
        Field(default="", description="of kind connection: the CodeConnections connection to GitHub, GitLab, Bitbucket")
    )
    repository: str = Field(default="", description="OWNER/NAME of a connection, the repository's name in CodeCommit")
    branch: str = "main"
    bucket: str = Field(default="", description="of kind s3: a versioned bucket")
    key: str = Field(default="", description="of kind s3: the zip file of the sources")

    @model_validator(mode="after")
    def _complete(self) -> Source:
        needed = {
            "connection": ("connection_arn", "repository"),
            "codecommit": ("repository",),
            "s3": ("bucket", "key"),
        }
        missing = [name for name in needed[self.kind] if not getattr(self, name)]
        if missing:
            raise ValueError(f"a source of kind {self.kind} needs {' and '.join(missing)}: give it")
        return self


class Account(Strict):
    """Settings of ``config/account.yaml``."""

    repository: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$")] = Field(
        description="OWNER/NAME on GitHub: the only repository whose workflows may deploy"
    )
    existing_provider: bool = Field(
        default=False, description="the account has GitHub's OIDC provider already: an account can hold only one"
    )
    alarm_emails: list[str] = Field(default=[], description="who is told of what is wrong in an account")
    pipeline: Source | None = Field(default=None, description="a CodePipeline in place of GitHub Actions")

    def subject(self, environment: str) -> str:
        """Return the ``sub`` of a token that GitHub gives to a job of this environment, and to no other.

        >>> Account(repository="acme/line").subject("prod")
        'repo:acme/line:environment:prod'
        """
        return f"repo:{self.repository}:environment:{environment}"


def load_account(root: Path = ROOT) -> Account:
    """Return what the accounts share; raises LineError for a missing file, an unknown key or a bad value."""
    path = root / FILE
    if not path.is_file():
        raise LineError(f"{FILE} is missing, expected the repository that may deploy: add `repository: OWNER/NAME`")
    return read(path, Account, root)


def deployers(account: str, root: Path = ROOT) -> list[Environment]:
    """Return the environments that are deployed into an account, branch environments as their pattern.

    Raises LineError where branches would share it with data that is kept.
    """
    here = [made for name in environment_names(root) if (made := load_environment(name, root)).account == account]
    keeping = [made.name for made in here if made.retain_data]
    if keeping and any(not made.protected for made in here):
        raise LineError(
            f"account {account} would hold branch environments beside {', '.join(keeping)}, whose data is kept, "
            f"and only an account keeps them apart: give config/environments/{PATTERN}.yaml another account"
        )
    return here


def role_name(environment: str, does: Literal["deploys", "destroys"] = "deploys") -> str:
    """Return the name of the role with which a workflow deploys an environment, or destroys a branch's.

    >>> role_name("prod"), role_name("branch", "destroys")
    ('assembly-line-deploys-prod', 'assembly-line-destroys-branch')
    """
    return f"assembly-line-{does}-{environment}"


def bus_arn(environment: Environment, partition: str = "aws") -> str:
    """Return the ARN of an environment's event bus; of the branches' pattern, one with a wildcard for their ids."""
    bus = slug(environment.name) if environment.protected else slug("*")
    return f"arn:{partition}:events:{environment.region}:{environment.account}:event-bus/{bus}"


def bootstrap_roles(environment: Environment, partition: str = "aws") -> list[str]:
    """Return the ARNs of the roles that ``cdk bootstrap`` made for this environment's account and region."""
    return [
        f"arn:{partition}:iam::{environment.account}:role/"
        f"cdk-hnb659fds-{role}-role-{environment.account}-{environment.region}"
        for role in BOOTSTRAP_ROLES
    ]
