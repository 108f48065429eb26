"""What an environment may cost a month: what ``budget`` in its file may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.strict import Strict

Percent = Annotated[int, Field(ge=1, le=1000)]


class Budget(Strict):
    """A sum, and at which shares of it people are told: of what was spent, and of what the month will come to."""

    monthly_usd: float = Field(gt=0)
    actual_percent: list[Percent] = Field(default=[50, 80, 100], max_length=4)
    forecast_percent: Percent | None = Field(default=100, description="none leaves the forecast out")
