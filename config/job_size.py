"""What a container job gets in an environment: what ``jobs`` in its file may say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from config.strict import Strict


class JobSize(Strict):
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
