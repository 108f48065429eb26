"""The model of an environment: what ``config/environments/<name>.yaml`` may say. Every difference is visible there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


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
    """What one training, scoring or evaluation job gets."""

    vcpu: Literal[1, 2, 4, 8, 16] = 2
    memory_mb: int = Field(default=8192, ge=2048)


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
    alarm_emails: list[str] = []
    parameters: dict[str, dict[str, int | float | str | bool]] = Field(
        default={}, description="values that this environment gives to a line's parameters: line -> name -> value"
    )
    tags: dict[str, str] = {}
