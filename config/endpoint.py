"""How real-time predictions are served in an environment: what ``endpoint`` in its file may say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from config.strict import Strict


class Endpoint(Strict):
    """How real-time predictions are served; with the kind ``none`` there are only predictions in batches."""

    kind: Literal["serverless", "instance", "none"] = "serverless"
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 2048
    max_concurrency: int = Field(default=5, ge=1, le=200)
    instance_type: str = Field(default="ml.m6i.large", pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")
    instance_count: int = Field(default=1, ge=1, description="instances; the fewest where their number scales")
    max_instance_count: int | None = Field(default=None, ge=1, description="the most; their number is fixed without it")
    invocations_per_instance: int = Field(
        default=600, ge=1, description="requests a minute that an instance should get: more are added beyond it"
    )

    @model_validator(mode="after")
    def _scales(self) -> Endpoint:
        if self.max_instance_count is None:
            return self
        if self.kind != "instance":
            raise ValueError(
                f"max_instance_count is given for the kind {self.kind!r}, expected instance: remove it or change kind"
            )
        if self.max_instance_count < self.instance_count:
            raise ValueError(
                f"max_instance_count is {self.max_instance_count}, expected at least instance_count, "
                f"{self.instance_count}: raise it"
            )
        return self

    @property
    def scales(self) -> bool:
        """Whether the number of its instances follows its traffic."""
        return self.max_instance_count is not None and self.max_instance_count > self.instance_count
