"""How a line trains: what ``training`` in line.yaml may say."""

from __future__ import annotations

from pydantic import Field, model_validator

from config.compute import Compute
from config.metrics import Metric
from config.search import Search
from config.strict import Name, Strict


class Variant(Strict):
    """One candidate of the sweep: values for the parameters that ``train`` receives."""

    name: Name
    parameters: dict[str, int | float | str | bool] = Field(default={})
    columns: list[str] | None = Field(default=None, description="the only columns it sees; none means all")


class Training(Strict):
    metric: Metric | None = Field(default=None, description="what models are compared by; none means the task's first")
    variants: list[Variant] = Field(default=[], description="candidates by name")
    search: Search | None = Field(default=None, description="candidates from a space of hyperparameters")
    baselines: list[Variant] = Field(default=[], description="trained and reported beside the sweep, never released")
    compute: Compute = Field(default=Compute(), description="the machine of one training")
    timeout_minutes: float = Field(default=30, ge=1)
    concurrency: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _something_is_trained(self) -> Training:
        if not self.variants and self.search is None:
            raise ValueError("neither variants nor a search is given, expected at least one candidate: add one")
        return self

    @property
    def trials(self) -> list[Variant]:
        """Every candidate of the sweep: the variants, then ``trial_01`` and so on of the search."""
        points = self.search.points() if self.search is not None else []
        searched = [Variant(name=f"trial_{i:02d}", parameters=point) for i, point in enumerate(points, start=1)]
        return [*self.variants, *searched]
