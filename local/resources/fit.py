"""Fitting a CloudFormation property tree to the parameters of an API operation, as botocore describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from config.errors import LineError


def fit(operation: OperationModel, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters spelled and typed as the operation wants them.

    Names match without regard to case (``Image`` → ``image``), texts become numbers and truth values where the API
    has those, documents become JSON texts, and tags take the API's form. A name that the operation does not have
    raises LineError: nothing is dropped unnoticed.
    """
    shape = operation.input_shape
    if shape is None:
        return dict(parameters)
    fitted: dict[str, Any] = _fit(shape, parameters, operation.name)
    return fitted


def _fit(shape: Shape, value: Any, path: str) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return value if shape.is_document_type else _structure(shape, value, path)
    if isinstance(shape, ListShape):
        return _list(shape, value, path)
    if isinstance(shape, MapShape):
        return _map(shape, value, path)
    return _scalar(shape, value, path)


def _structure(shape: StructureShape, value: Mapping[str, Any], path: str) -> dict[str, Any]:
    members = {name.lower(): name for name in shape.members}
    fitted: dict[str, Any] = {}
    for name, item in value.items():
        if item is None:
            continue
        member = name if name in shape.members else members.get(name.lower())
        if member is None:
            raise LineError(f"{path} has no parameter {name!r}")
        fitted[member] = _fit(shape.members[member], item, f"{path}.{member}")
    return fitted


def _list(shape: ListShape, value: Any, path: str) -> list[Any]:
    if isinstance(value, Mapping):  # tags as a map, where the API has a list of pairs
        value = [{"Key": key, "Value": item} for key, item in value.items()]
    if not isinstance(value, list):
        value = [value]
    return [_fit(shape.member, item, path) for item in value]


def _map(shape: MapShape, value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, list):  # tags as a list of pairs, where the API has a map
        value = {item["Key"]: item["Value"] for item in value}
    if not isinstance(value, Mapping):
        raise LineError(f"{path}: {value!r} is not a map")
    return {str(key): _fit(shape.value, item, f"{path}.{key}") for key, item in value.items()}


def _scalar(shape: Shape, value: Any, path: str) -> Any:
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(float(value))
        if kind in ("float", "double"):
            return float(value)
    except (TypeError, ValueError):
        raise LineError(f"{path}: {value!r} is not a number") from None
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "string":
        return text(value)
    return value


def text(value: Any) -> str:
    """Return a value as the text that an API wants: documents as JSON, truth values in lower case."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | dict | list):
        return json.dumps(value, separators=(",", ":"))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
