"""How real-time predictions are served in an environment: what ``endpoint`` in its file may say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.strict import Strict


class Endpoint(Strict):
    """How real-time predictions are served."""

    kind: Literal["serverless", "instance"] = "serverless"
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 2048
    max_concurrency: int = Field(default=5, ge=1, le=200)
    instance_type: str = "ml.m6i.large"
    instance_count: int = Field(default=1, ge=1)
