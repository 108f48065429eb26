"""The prediction record, version 1, as a model: its JSON Schema is docs/prediction.schema.json, what consumers rely on.

A field may be added within a version, so that a consumer lets pass what it does not know; anything else is a new one.
Handlers write records as plain objects and never import this module.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

_Moment = Annotated[AwareDatetime, Field(description="ISO 8601, with zone")]


class PredictionRecord(BaseModel):
    """One prediction, as files, messages, REST and tables carry it."""

    model_config = ConfigDict(frozen=True)

    schema_: Literal[1] = Field(alias="schema", description="the version of this record")
    prediction_id: str = Field(
        pattern=r"^[a-z][a-z0-9]{0,19}:[\s\S]+:[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        description="<line>:<id>:<score date>: one answer to one question; a later run may answer again",
    )
    line: str = Field(pattern=r"^[a-z][a-z0-9]{0,19}$")
    run: str = Field(min_length=1, description="the run that made it, or `on-request`")
    model_version: int = Field(ge=1, description="the version of the model in the line's model registry")
    id: str = Field(min_length=1, description="whom or what it is about, as the line's dataset.id has it")
    event_time: _Moment
    score: float = Field(allow_inf_nan=False, description="the probability of the label 1, or the estimated value")
    at: _Moment = Field(description="when it was made; of two with one prediction_id, the later counts")
    event_id: str = Field(
        default="", description="in messages only: <prediction_id>:<run>, the same in every repetition of a message"
    )
