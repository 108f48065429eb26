"""What is watched once predictions are out: what ``monitoring`` in line.yaml may say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.metrics import Observed
from config.strict import Strict


class Drift(Strict):
    columns: list[str] | None = Field(
        default=None, description="columns (or `score`) held against the threshold; none means all. Each is measured"
    )
    threshold: float = Field(default=0.2, gt=0, description="population stability index that raises the alarm")
    minimum_sample: int = Field(default=200, ge=1)


class Performance(Strict):
    metric: Observed | None = Field(default=None, description="none means the task's first")
    minimum: float | None = None
    maximum: float | None = None
    minimum_sample: int = Field(default=200, ge=1)


class Capture(Strict):
    inputs: float = Field(
        default=0.1, ge=0, le=1, description="share of the predictions on request whose inputs are stored with them"
    )
    personal: Literal["drop", "mask"] = Field(
        default="drop", description="what becomes of personal columns before anything of a request is captured"
    )


class Monitoring(Strict):
    drift: Drift = Drift()
    performance: Performance = Performance()
    capture: Capture = Capture()
