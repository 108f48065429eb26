"""What a function is told by its environment variables, as a frozen dataclass: the only reader of them in handlers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from config.errors import LineError

T = TypeVar("T")


def load(cls: type[T], variables: Mapping[str, str] | None = None) -> T:
    """Build ``cls`` from the variables named as its fields in upper case.

    ``int`` and ``float`` are converted, a ``Literal`` is one of its texts, ``list`` and ``dict`` are JSON; a variable
    that is missing, or is not what the field's annotation says, raises LineError naming it.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Environment:
    ...     lake_bucket: str
    ...     margin: float
    >>> load(Environment, {"LAKE_BUCKET": "lake", "MARGIN": "0.01"})
    Environment(lake_bucket='lake', margin=0.01)
    """
    given = os.environ if variables is None else variables
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for field in fields(cls):  # type: ignore[arg-type]
        name = field.name.upper()
        if name not in given:
            raise LineError(f"environment variable {name} is missing: give it to the function in its construct")
        values[field.name] = _converted(name, given[name], hints[field.name])
    return cls(**values)


def names(cls: type) -> list[str]:
    """Return the variables that ``load(cls)`` reads: what the infrastructure must give."""
    return [field.name.upper() for field in fields(cls)]


def _converted(name: str, text: str, annotation: Any) -> Any:
    kind = get_origin(annotation) or annotation
    if kind is Literal:
        allowed = get_args(annotation)
        if text not in allowed:
            told = f"environment variable {name} is {text!r}, expected one of {', '.join(allowed)}"
            raise LineError(f"{told}: correct its construct")
        return text
    convert: Callable[[str], Any] = {str: str, int: int, float: float}.get(kind, json.loads)
    try:
        value = convert(text)
    except ValueError:
        value = None
    if not isinstance(value, kind):
        expected = _SHOWN.get(kind, kind.__name__)
        raise LineError(f"environment variable {name} is {text!r}, expected {expected}: correct its construct")
    return value


_SHOWN = {int: "a whole number", float: "a number", list: "a JSON list", dict: "a JSON object"}
