"""The prediction record, version 1, as a model: its JSON Schema is docs/prediction.schema.json, what consumers rely on.

A field may be added within a version, so that a consumer lets pass what it does not know; anything else is a new one.
What REST answers is described from it. Handlers write records as plain objects and never import this module.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

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


_IN_MESSAGES = "event_id"


def answer(line: str) -> dict[str, Any]:
    """Return the schema of the record as REST answers it for one line, in the keywords of draft 4, too.

    It has every field but what only messages carry, and nothing else.
    """
    told = PredictionRecord.model_json_schema()["properties"]
    fields = {name: _plain(schema) for name, schema in told.items() if name != _IN_MESSAGES}
    fields["line"] = {"type": "string", "enum": [line]}
    return {"type": "object", "properties": fields, "additionalProperties": False, "required": list(fields)}


def example(line: str) -> dict[str, Any]:
    """Return a prediction of a line as REST answers it."""
    found = {
        "schema": 1,
        "prediction_id": f"{line}:example-1:2026-01-31",
        "line": line,
        "run": "on-request",
        "model_version": 1,
        "id": "example-1",
        "event_time": "2026-01-31T12:00:00+00:00",
        "score": 0.25,
        "at": "2026-01-31T12:00:01.250000+00:00",
    }
    PredictionRecord.model_validate(found)
    return found


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Draft 4 knows a constant as the only value of an enumeration."""
    plain = {name: value for name, value in schema.items() if name not in ("title", "const")}
    return {**plain, "enum": [schema["const"]]} if "const" in schema else plain
