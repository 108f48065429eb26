"""The model of an environment: what ``config/environments/<name>.yaml`` may say. Every difference is visible there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from config.connections import Connection
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


class Snapshots(_Model):
    """How long tables keep what readers no longer see; what anyone still refers to is kept whatever its age."""

    keep_days: float = Field(default=7, ge=0, description="days since readers saw it last")
    keep_last: int = Field(default=5, ge=1, description="of each table, whatever their age")
    dataset_days: float = Field(default=30, ge=0, description="how long a dataset's own snapshots are kept for it")
    grace_hours: float = Field(
        default=24, ge=2, description="how long a writer or a reader may take: what is younger is never touched"
    )
    schedule: str = Field(
        default="cron(0 3 * * ? *)",
        pattern=r"^(rate|cron)\(.+\)$",
        description="when each line's tables are maintained (UTC)",
    )


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
    snapshots: Snapshots = Snapshots()
    engines: dict[str, Engine] = Field(
        default={}, description="the engine that this environment gives to a line: line -> engine"
    )
    alarm_emails: list[str] = []
    parameters: dict[str, dict[str, int | float | str | bool]] = Field(
        default={}, description="values that this environment gives to a line's parameters: line -> name -> value"
    )
    connections: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], Connection] = Field(
        default={}, description="the databases that sources name; the same name may be another engine elsewhere"
    )
    tags: dict[str, str] = {}

    @model_validator(mode="after")
    def _embedded_only_here(self) -> Environment:
        for name, connection in self.connections.items():
            if connection.embedded and self.name != "local":
                raise ValueError(
                    f"connections.{name}.embedded: only the environment local has an embedded database: "
                    "give host, database and secret"
                )
        return self
