"""Where people explore and write lines in the cloud: what ``workbench`` in an environment's file may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.strict import Strict

ProfileName = Annotated[str, Field(pattern=r"^[a-z0-9](-?[a-z0-9]){0,39}$")]
InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]
Minutes = Annotated[int, Field(ge=60, le=525_600)]
"""What SageMaker takes for an idle time."""
Gigabytes = Annotated[int, Field(ge=5, le=16_384)]


class Idle(Strict):
    """After how long a space in which nothing runs is shut down, and what people may choose in its place."""

    minutes: Minutes = 60
    least: Minutes = 60
    most: Minutes = 480

    @model_validator(mode="after")
    def _in_order(self) -> Idle:
        if not self.least <= self.minutes <= self.most:
            raise ValueError(
                f"minutes: {self.minutes} is not between least ({self.least}) and most ({self.most}): "
                "change one of them"
            )
        return self


class Workbench(Strict):
    """A SageMaker Studio domain with a profile for each person, and what their spaces are like."""

    profiles: list[ProfileName] = Field(
        min_length=1,
        max_length=50,
        description="a name for each person; with auth: SSO the user names of IAM Identity Center",
    )
    auth: Literal["IAM", "SSO"] = Field(default="IAM", description="how people log in")
    repository: Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9._~/-]+$")] = Field(
        description="https URL of the git repository with the lines, which each space clones"
    )
    ref: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$")] | None = Field(
        default=None, description="the branch that is cloned; without one the repository's own choice"
    )
    token_secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]{1,256}$")] | None = Field(
        default=None, description="name of the secret in Secrets Manager that holds a token for the repository"
    )
    package_index: Annotated[str, Field(pattern=r"^https://[^\s'?#]+/$")] | None = Field(
        default=None, description="URL of a Python package index in place of PyPI, where the internet is not reached"
    )
    instance_type: InstanceType = Field(default="ml.t3.large", description="what a space starts on")
    instance_types: list[InstanceType] = Field(
        default=["ml.t3.medium", "ml.t3.large", "ml.m5.large", "ml.m5.xlarge"],
        min_length=1,
        description="what people may choose; anything else is denied",
    )
    storage_gb: Gigabytes = Field(default=20, description="the disk of a space")
    most_storage_gb: Gigabytes = Field(default=100, description="what people may choose")
    idle: Idle = Idle()

    @model_validator(mode="after")
    def _fits(self) -> Workbench:
        if len(set(self.profiles)) < len(self.profiles):
            twice = sorted({name for name in self.profiles if self.profiles.count(name) > 1})
            raise ValueError(f"profiles: {twice[0]!r} stands there twice: remove one")
        if self.instance_type not in self.instance_types:
            raise ValueError(
                f"instance_type: {self.instance_type!r} is none of instance_types "
                f"({', '.join(self.instance_types)}): add it there"
            )
        if self.storage_gb > self.most_storage_gb:
            raise ValueError(
                f"storage_gb: {self.storage_gb} is more than most_storage_gb ({self.most_storage_gb}): "
                "change one of them"
            )
        return self
