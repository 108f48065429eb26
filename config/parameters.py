"""Typed parameters of a line: declared with a default, overridden per environment and per run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from config.errors import LineError

Value = bool | int | float | dt.date | str

_TYPES: dict[str, type] = {"integer": int, "number": float, "date": dt.date, "string": str, "boolean": bool}


def convert(kind: str, value: object) -> Value:
    """Return ``value`` as the parameter type ``kind``; raises ValueError when it is not one.

    A value from the command line arrives as text, one from YAML or JSON may be typed already.
    """
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
    elif kind == "date":
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        if isinstance(value, str):
            return dt.date.fromisoformat(value)
    elif kind == "integer":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str):
            return int(value)
    elif kind == "number":
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str):
            return float(value)
    elif isinstance(value, str):
        return value
    raise ValueError(f"{value!r} is not a {kind}")


class Parameter(BaseModel):
    """A declared parameter: its type and the value it has unless an environment or a run says otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["integer", "number", "date", "string", "boolean"]
    default: Value
    description: str = ""

    @model_validator(mode="before")
    @classmethod
    def _typed_default(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("type") in _TYPES and "default" in data:
            return {**data, "default": convert(data["type"], data["default"])}
        return data


def resolve(declared: Mapping[str, Parameter], given: Mapping[str, object]) -> dict[str, Value]:
    """Return every declared parameter's value, with ``given`` in place of defaults.

    Raises LineError for a parameter that is not declared or has a value of the wrong type.
    """
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise LineError(
            f"parameter {unknown[0]!r} is not declared, expected one of {', '.join(sorted(declared)) or 'none'}: "
            "correct the name or declare it under parameters in line.yaml"
        )
    values = {name: parameter.default for name, parameter in declared.items()}
    for name, value in given.items():
        kind = declared[name].type
        try:
            values[name] = convert(kind, value)
        except ValueError:
            raise LineError(f"parameter {name!r} is {value!r}, expected a {kind}: correct its value") from None
    return values
