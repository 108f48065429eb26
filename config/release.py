"""What a challenger must reach and how it is put into service: what ``release`` in line.yaml may say."""

from __future__ import annotations

from pydantic import Field

from config.checks import Severity
from config.metrics import Metric
from config.rollout import Rollout
from config.strict import Strict


class Gate(Strict):
    """A bar that a challenger must reach on the held-out test data."""

    metric: Metric
    minimum: float | None = None
    maximum: float | None = None
    severity: Severity = "error"


class Release(Strict):
    gates: list[Gate] = Field(default=[])
    margin: float = Field(default=0.0, ge=0, description="by how much a challenger must beat the champion")
    rollout: Rollout = Rollout()
