"""A line's REST API as a description: API Gateway's methods and models, and the OpenAPI document, are made from it.

Schemas keep to what the JSON Schema of API Gateway's models (draft 4) and that of OpenAPI 3.1 both know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from runtime.delivery.request import LONGEST_TEXT, MOST_ROWS, Form

if TYPE_CHECKING:
    from config.line import Line

Schema = dict[str, Any]
Part = Literal["predict", "look_up", "labels", "document"]
"""Who answers: a handler, or the document itself."""

MOST_LABELS = 100
LONGEST_ID = 1024
LONGEST_PREDICTION_ID = LONGEST_ID + 32
"""Characters: a line's name and a day beside the id."""
STAGE = "v1"
JSON = "application/json"

_LARGEST, _WHOLE = 1e300, 2**53 - 1
"""Of numbers, and of whole numbers: what every JSON parser reads as it was meant."""
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_NUMBER: Schema = {"type": ["number", "null"], "minimum": -_LARGEST, "maximum": _LARGEST}
_SCALAR: Schema = {**_NUMBER, "type": ["string", "number", "boolean", "null"], "maxLength": LONGEST_TEXT}
_INTEGER: Schema = {"minimum": -_WHOLE, "maximum": _WHOLE, "multipleOf": 1}  # 1.0 is no integer to draft 4
_CATEGORY: Schema = {**_INTEGER, "type": ["string", "number", "boolean", "null"], "maxLength": LONGEST_TEXT}
_ID: Schema = {**_INTEGER, "type": ["string", "number"], "minLength": 1, "maxLength": LONGEST_TEXT}
_LONG, _SHORT = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])", "(0[469]|11)-(0[1-9]|[12][0-9]|30)"
_LEAP = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
_DAY = f"(?!0000)([0-9]{{4}}-({_LONG}|{_SHORT}|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP}-02-29)"
"""Of a calendar that has no year 0."""

REFUSAL: Schema = {
    "type": "object",
    "required": ["message"],
    "properties": {"message": {"type": "string"}},
}
"""What is said where something is wrong: which field, what was expected and the mend."""


@dataclass(frozen=True)
class Body:
    """What is posted: its name, a schema and an example."""

    name: str
    schema: Schema
    example: Any


@dataclass(frozen=True)
class Operation:
    """One call: who answers it, what it takes and what it answers when all is well."""

    verb: Literal["GET", "POST"]
    path: str
    id: str
    does: str
    part: Part
    status: int
    answer: str
    """The name of the answer's schema."""
    schema: Schema
    example: Any
    body: Body | None = None
    refusals: Mapping[int, str] = field(default_factory=dict)
    """Statuses beside those that any call may have, and what each means."""


def form_of(line: Line) -> Form:
    """Return what a request to the line consists of."""
    dataset = line.dataset
    return Form(
        id=dataset.id,
        event_time=dataset.event_time,
        columns=list(dataset.request),
        views={view: list(line.features[view].entity) for view in dataset.features},
        known=dict(line.delivery.known),
    )


def operations(line: Line, *, endpoint: bool = True) -> list[Operation]:
    """Return the calls of a line's API; without an endpoint nothing is predicted on request."""
    from runtime.delivery import schema  # pydantic, which handlers that need the limits above do without

    form = form_of(line)
    row, example = _row(form, line.dataset.categorical), _example(form, line.dataset.categorical)
    record, answered = schema.answer(line.line), schema.example(line.line)
    one = Operation(
        verb="POST",
        path="/predictions",
        id="predict",
        does="Predict for one row, by its features or by the ids of its entities.",
        part="predict",
        status=200,
        answer="Prediction",
        schema=record,
        example=answered,
        body=Body("Row", row, example),
        refusals=_PREDICTING,
    )
    batch = Operation(
        verb="POST",
        path="/batches",
        id="predictBatch",
        does=f"Predict for up to {MOST_ROWS} rows: all of them or none.",
        part="predict",
        status=200,
        answer="Predictions",
        schema=_object({"predictions": {"type": "array", "items": record}}),
        example={"predictions": [answered]},
        body=Body("Batch", _object({"instances": _some(row, MOST_ROWS)}), {"instances": [example]}),
        refusals=_PREDICTING,
    )
    look_up = Operation(
        verb="GET",
        path="/predictions/{id}",
        id="lookUp",
        does="Look the newest prediction of an id up.",
        part="look_up",
        status=200,
        answer="Prediction",
        schema=record,
        example=answered,
        refusals={404: "there is no prediction of this id"},
    )
    label = _label(line)
    labels = Operation(
        verb="POST",
        path="/labels",
        id="label",
        does=f"Tell how a prediction turned out, or up to {MOST_LABELS} of them at once.",
        part="labels",
        status=202,
        answer="Accepted",
        schema=_object({"accepted": {"type": "integer", "minimum": 1}}),
        example={"accepted": 1},
        body=Body(
            "Labels",
            {"anyOf": [label, _object({"labels": _some(label, MOST_LABELS)})]},
            {"prediction_id": answered["prediction_id"], "label": 1},
        ),
        refusals={413: "the body is too large", 503: "the labels cannot be taken now: try again"},
    )
    document = Operation(
        verb="GET",
        path="/openapi.json",
        id="document",
        does="Read this description.",
        part="document",
        status=200,
        answer="Document",
        schema={"type": "object"},
        example={},
    )
    return [*([one, batch] if endpoint else []), look_up, labels, document]


_PREDICTING = {
    404: "an entity that the request leaves out is not known",
    413: "the body is too large",
    503: "nothing can be predicted, kept or captured now: try again",
}


def _object(properties: Mapping[str, Schema], optional: Sequence[str] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    whole: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**whole, "required": required} if required else whole


def _some(schema: Schema, most: int) -> Schema:
    return {"type": "array", "items": schema, "minItems": 1, "maxItems": most}


def _row(form: Form, categorical: Sequence[str]) -> Schema:
    entities = dict.fromkeys(form.entities, _SCALAR)
    columns = {name: _CATEGORY if name in categorical else _NUMBER for name in form.columns}
    return _object({**entities, **columns, form.event_time: _MOMENT, form.id: _ID}, optional=list(form.known))


def _example(form: Form, categorical: Sequence[str]) -> dict[str, Any]:
    columns = {name: "A" if name in categorical else 1 for name in form.columns}
    entities = dict.fromkeys(form.entities, "A")
    return {form.id: "example-1", form.event_time: "2026-01-31T12:00:00Z", **entities, **columns}


def _label(line: Line) -> Schema:
    number: Schema = {"type": "number", "minimum": -1e100, "maximum": 1e100}
    properties: dict[str, Schema] = {
        "prediction_id": {
            "type": "string",
            "maxLength": LONGEST_PREDICTION_ID,
            "pattern": f"^{line.line}:[\\s\\S]+:{_DAY}$(?!\\n)",  # to some, $ stands before a last newline, too
        },
        "id": {"type": "string", "minLength": 1, "maxLength": LONGEST_ID},
        "time": {**_MOMENT, "description": "the event time of the prediction that is meant; none means the newest"},
        "label": {"type": "number", "enum": [0, 1]} if line.dataset.task == "binary" else number,
        "known_at": {**_MOMENT, "description": "when the label became known; a later one may change it"},
        "outcome": {**number, "description": "what the decision brought the business"},
    }
    whole = _object(properties, optional=[name for name in properties if name != "label"])
    return {**whole, "anyOf": [{"required": ["prediction_id"]}, {"required": ["id"]}]}
