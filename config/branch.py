"""What makes an environment that of a branch: what ``branch`` in ``config/environments/branch.yaml`` may say."""

from __future__ import annotations

from pydantic import Field

from config.strict import Strict


class Branch(Strict):
    """How long a branch's environment lives without a deploy, whose it is, and whose data it may be pinned to."""

    ttl_days: int = Field(default=7, ge=1, le=90, description="days that it lives after its last deploy")
    data_from: str | None = Field(
        default=None, description="the standing environment to whose data `line env pin` pins it"
    )
    owner: str = Field(default="", max_length=256, description="whom to ask about it where a deploy does not say")
