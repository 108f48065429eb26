"""Predictions over REST: what ``delivery.rest`` in line.yaml may say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from config.strict import Strict


class Rest(Strict):
    """Who may call the line's REST API, and how often."""

    authorization: Literal["iam", "api_key"] = Field(
        default="iam", description="requests are signed with IAM credentials, or carry a key in the header x-api-key"
    )
    rate: float = Field(
        default=50, gt=0, le=10_000, description="requests a second that are let through in the long run"
    )
    burst: int = Field(default=100, ge=1, le=5_000, description="requests that are let through at once")
    quota_per_day: int | None = Field(
        default=None, ge=1, description="requests of an API key a day; none means any number"
    )

    @model_validator(mode="after")
    def _quotas_are_of_keys(self) -> Rest:
        if self.quota_per_day is not None and self.authorization != "api_key":
            raise ValueError(
                "quota_per_day is given, but only API keys are counted, expected authorization api_key: "
                "remove it or change authorization"
            )
        return self


def _switched(given: Any) -> Any:
    if isinstance(given, bool):
        return Rest() if given else None
    return given


RestChannel = Annotated[Rest | None, BeforeValidator(_switched, json_schema_input_type=Rest | bool)]
"""``true`` is the API with its defaults, ``false`` is none."""
