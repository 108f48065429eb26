"""Where trainings run: what ``training.compute`` in line.yaml, and ``compute`` of an environment, may say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from config.job_size import JobSize
from config.strict import Strict

if TYPE_CHECKING:
    from config.environment import Environment
    from config.line import Line

SAGEMAKER_DEFAULT = "ml.m6i.xlarge"
_EC2 = r"^(?!ml\.)[a-z0-9-]+\.[a-z0-9-]+$"
_GPUS = "g5"
"""The family of machines that a training with GPUs gets on Batch when it names none."""


class Compute(Strict):
    """The machine of one training: AWS Batch on Fargate, on EC2 when it has GPUs, or a SageMaker training job."""

    on: Literal["batch", "sagemaker"] = "batch"
    vcpu: int | None = Field(default=None, ge=1, le=192, description="on Batch; none means the environment's jobs.vcpu")
    memory_mb: int | None = Field(default=None, ge=2048, description="on Batch; none means the environment's")
    gpus: int = Field(default=0, ge=0, le=16, description="on Batch; on SageMaker the instance_type has them")
    spot: bool = Field(default=False, description="cheaper machines that may be taken away: a training is tried again")
    instance_type: str | None = Field(default=None, description="ml.<type> on SageMaker; on Batch only with gpus")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Compute:
        if self.on == "sagemaker":
            for name in ("vcpu", "memory_mb", "gpus"):
                if getattr(self, name):
                    raise ValueError(f"{name}: on sagemaker the instance_type decides: remove it")
            if self.instance_type is not None and not re.match(r"^ml\.", self.instance_type):
                raise ValueError(
                    f"instance_type: {self.instance_type!r} is not SageMaker's, expected ml.<type>: add ml."
                )
            return self
        if (self.vcpu is None) != (self.memory_mb is None):
            raise ValueError("vcpu and memory_mb: only one is given, expected both or neither: add the other")
        if self.gpus:
            if self.instance_type is not None and not re.match(_EC2, self.instance_type):
                raise ValueError(
                    f"instance_type: {self.instance_type!r} is not EC2's, expected such as g5.xlarge: correct it"
                )
        elif self.instance_type is not None:
            raise ValueError("instance_type: Batch has machines to choose only for gpus: remove it, or give gpus")
        elif self.vcpu is not None and self.memory_mb is not None:
            JobSize(vcpu=self.vcpu, memory_mb=self.memory_mb)  # type: ignore[arg-type]  # a pair that Fargate has
        return self

    @property
    def machine(self) -> str:
        """The instance type, or on Batch the family, of a training whose machine can be chosen."""
        return self.instance_type or (SAGEMAKER_DEFAULT if self.on == "sagemaker" else _GPUS)


def compute_of(line: Line, environment: Environment) -> Compute:
    """Return where a line trains in an environment, whose word comes first."""
    return environment.compute.get(line.line, line.training.compute)
