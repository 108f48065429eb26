"""The model of an environment: what ``config/environments/<name>.yaml`` may say. Every difference is visible there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from config.engine import Engine


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Endpoint(_Model):
    """How real-time predictions are served."""

    kind: Literal["serverless", "instance"] = "serverless"
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 2048
    max_concurrency: int = Field(default=5, ge=1, le=200)
    instance_type: str = "ml.m6i.large"
    instance_count: int = Field(default=1, ge=1)


class JobSize(_Model):
    """What one training, scoring or evaluation job gets: a pair that Fargate has."""

    vcpu: Literal[1, 2, 4, 8, 16] = 2
    memory_mb: int = Field(default=8192, ge=2048)

    @model_validator(mode="after")
    def _offered(self) -> JobSize:
        sizes = _MEMORY[self.vcpu]
        if self.memory_mb not in sizes:
            raise ValueError(
                f"memory_mb: {self.memory_mb} does not go with {self.vcpu} vcpu, "
                f"expected {sizes[0]} to {sizes[-1]} in steps of {sizes.step}"
            )
        return self


_MEMORY = {
    1: range(2048, 8192 + 1, 1024),
    2: range(4096, 16384 + 1, 1024),
    4: range(8192, 30720 + 1, 1024),
    8: range(16384, 61440 + 1, 4096),
    16: range(32768, 122880 + 1, 8192),
}
"""Megabytes that Fargate offers with each number of virtual CPUs."""


class Curation(_Model):
    worker_type: Literal["G.1X", "G.2X", "G.4X"] = "G.1X"
    workers: int = Field(default=2, ge=2)
    timeout_minutes: int = Field(default=60, ge=1)


class Environment(_Model):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,23}$")]
    account: Annotated[str, Field(pattern=r"^\d{12}$")]
    region: str
    retain_data: bool = Field(description="keep buckets, tables and keys when the stack is deleted")
    log_retention_days: Literal[7, 14, 30, 90, 180, 365] = 30
    endpoint: Endpoint = Endpoint()
    jobs: JobSize = JobSize()
    max_vcpus: int = Field(default=16, ge=2)
    curation: Curation = Curation()
    engines: dict[str, Engine] = Field(
        default={}, description="the engine that this environment gives to a line: line -> engine"
    )
    alarm_emails: list[str] = []
    parameters: dict[str, dict[str, int | float | str | bool]] = Field(
        default={}, description="values that this environment gives to a line's parameters: line -> name -> value"
    )
    tags: dict[str, str] = {}
