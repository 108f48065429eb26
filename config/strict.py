"""What the models of line.yaml and of an environment share: nothing unknown is taken, nothing changes later."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
LineName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,19}$")]


class Strict(BaseModel):
    """A model that refuses what it does not know, and that is not changed once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
