"""How a line trains: what ``training`` in line.yaml may say."""

from __future__ import annotations

from pydantic import Field

from config.metrics import Metric
from config.strict import Name, Strict


class Variant(Strict):
    """One candidate of the sweep: values for the parameters that ``train`` receives."""

    name: Name
    parameters: dict[str, int | float | str | bool] = Field(default={})
    columns: list[str] | None = Field(default=None, description="the only columns it sees; none means all")


class Training(Strict):
    metric: Metric | None = Field(default=None, description="what models are compared by; none means the task's first")
    variants: list[Variant] = Field(min_length=1)
    baselines: list[Variant] = Field(default=[], description="trained and reported beside the sweep, never released")
    timeout_minutes: float = Field(default=30, ge=1)
    concurrency: int = Field(default=2, ge=1)
