"""How a version goes into service: what ``release.rollout`` in line.yaml may say."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from config.strict import Strict

LONGEST = 27_000
"""Seconds that the waits of a rollout may take together: SageMaker ends one after 8 hours, its start included."""


class Shadow(Strict):
    """A challenger first answers copies of requests, which nobody sees, beside the champion."""

    share: int = Field(default=100, ge=1, le=100, description="of the requests that are copied, in percent")
    minutes: int = Field(default=30, ge=1, le=480, description="how long, before it takes any traffic")


class Rollout(Strict):
    """How traffic moves from the champion to a challenger, and what takes it back."""

    kind: Literal["all_at_once", "canary", "linear"] = "all_at_once"
    share: int = Field(default=10, ge=1, le=50, description="of the traffic, in percent: the canary's, or each step's")
    step_seconds: int = Field(default=300, ge=0, le=3600, description="how long a share is watched before the next")
    bake_seconds: int = Field(default=300, ge=0, le=3600, description="how long all traffic is watched at the end")
    latency_ms: float = Field(default=1000, gt=0, description="the slowest answer but for 1 in 100 within a minute")
    error_share: float = Field(default=0.05, ge=0, lt=1, description="of a minute's requests that may fail inside")
    shadow: Shadow | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Rollout:
        if self.kind == "linear" and self.share < 10:
            raise ValueError(
                f"share is {self.share}, expected 10 to 50 for a linear rollout, which has at most ten steps: raise it"
            )
        if self.seconds > LONGEST:
            raise ValueError(
                f"its {self.steps} steps of {self.step_seconds} seconds and bake_seconds take {self.seconds} seconds, "
                f"expected at most {LONGEST}: shorten step_seconds or raise share"
            )
        return self

    @property
    def steps(self) -> int:
        """How many shares of the traffic are watched before all of it moves."""
        return {"all_at_once": 0, "canary": 1, "linear": math.ceil(100 / self.share) - 1}[self.kind]

    @property
    def seconds(self) -> int:
        """How long it takes from the first request to the new version until the old one is let go."""
        return self.steps * self.step_seconds + self.bake_seconds
