"""Typed parameters of a line: declared with a default, overridden per environment and per run."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Literal

from pydantic import model_validator

from config.errors import LineError
from config.strict import Strict

Value = bool | int | float | dt.date | str


def convert(kind: str, value: object) -> Value:
    """Return ``value`` as the parameter type ``kind``; raises ValueError when it is not one.

    A value from the command line arrives as text, one from YAML or JSON may be typed already.
    """
    try:
        converted = _converted(kind, value)
    except ValueError:
        converted = None
    if converted is None:
        raise ValueError(f"{str(value) if isinstance(value, dt.date) else repr(value)} is not {_ARTICLE[kind]} {kind}")
    return converted


_ARTICLE = {"integer": "an", "number": "a", "date": "a", "string": "a", "boolean": "a"}


def _converted(kind: str, value: object) -> Value | None:  # noqa: PLR0911 (a table of cases)
    match kind, value:
        case "string", str():
            return value
        case "boolean", bool():
            return value
        case "boolean", "true" | "false":
            return value == "true"
        case "date", str():
            return dt.date.fromisoformat(value)
        case "integer" | "number", bool():  # Python counts it among the integers
            return None
        case "integer", int() | str():
            return int(value)
        case "number", int() | float() | str():
            return float(value) if math.isfinite(float(value)) else None
        case "date", dt.date() if not isinstance(value, dt.datetime):
            return value
    return None


class Parameter(Strict):
    """A declared parameter: its type and the value it has unless an environment or a run says otherwise."""

    type: Literal["integer", "number", "date", "string", "boolean"]
    default: Value
    description: str = ""

    @model_validator(mode="before")
    @classmethod
    def _typed_default(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("type") in _ARTICLE and "default" in data:
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
        try:
            values[name] = convert(declared[name].type, value)
        except ValueError as error:
            raise LineError(f"parameter {name!r}: {error}: correct its value") from None
    return values
