"""The key that encrypts an environment: what ``keys`` in its file may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from config.strict import Strict

KeyArn = Annotated[str, Field(pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$")]


class Keys(Strict):
    """A key of the environment's own, which AWS rotates, or one that somebody else keeps."""

    rotation_days: int = Field(default=365, ge=90, le=2560, description="between two rotations of the own key")
    existing: KeyArn | None = Field(
        default=None, description="ARN of a key to encrypt with in place of an own one; its policy is its keeper's"
    )

    @model_validator(mode="after")
    def _one_keeper(self) -> Keys:
        if self.existing is not None and "rotation_days" in self.model_fields_set:
            raise ValueError("rotation_days: the existing key is rotated by whoever keeps it: remove it")
        return self
