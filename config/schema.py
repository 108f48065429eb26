"""The JSON Schema of a model: for editors, for the manual, and to say what a place in a file allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel


def schema_of(model: type[BaseModel], title: str) -> dict[str, Any]:
    """Return the JSON Schema that an editor reads to complete and check a file of this model."""
    schema = model.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}


def keys_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Return the keys that the model allows at a place; empty where it is not a mapping of fixed keys.

    >>> from config.environment import Environment
    >>> keys_at(Environment, ["jobs"])
    ['vcpu', 'memory_mb']
    """
    schema, node = _node(model, location)
    return list(_plain(schema, node).get("properties", {}))


def tags_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Return the values that tell the members of a union of models apart at a place, e.g. a check's kinds."""
    _, node = _node(model, location)
    return list(node.get("discriminator", {}).get("mapping", {}))


def is_union(model: type[BaseModel], location: Sequence[str | int]) -> bool:
    """Whether the model allows values of several plain types at a place."""
    _, node = _node(model, location)
    plain = [choice for choice in node.get("anyOf", []) if choice.get("type") != "null" and "$ref" not in choice]
    return len(plain) > 1


def settings(model: type[BaseModel]) -> list[str]:
    """Return the path of every setting, with ``<name>`` for a key that the user chooses and ``[]`` for list items.

    >>> from config.job_size import JobSize
    >>> settings(JobSize)
    ['vcpu', 'memory_mb']
    """
    schema = _schema(model)
    return list(dict.fromkeys(_settings(schema, schema, "")))


def _settings(schema: dict[str, Any], node: dict[str, Any], path: str) -> Iterator[str]:
    here = _plain(schema, node)
    for reference in here.get("discriminator", {}).get("mapping", {}).values():
        yield from _settings(schema, {"$ref": reference}, path)
    for key, value in here.get("properties", {}).items():
        inner = f"{path}.{key}" if path else key
        yield inner
        yield from _settings(schema, value, inner)
    for further in [*here.get("patternProperties", {}).values(), here.get("additionalProperties")]:
        if isinstance(further, dict):
            yield from _settings(schema, further, f"{path}.<name>")
    if isinstance(here.get("items"), dict):
        yield from _settings(schema, here["items"], f"{path}[]")


@lru_cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _node(model: type[BaseModel], location: Sequence[str | int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the model's schema and the part of it that describes a place."""
    schema = _schema(model)
    node = schema
    for part in location:
        node = _step(schema, _plain(schema, node), part)
    return schema, node


def _plain(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Follow references, and the one member of an optional that is not null."""
    if "$ref" in node:
        found: dict[str, Any] = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        return found
    choices = [choice for choice in node.get("anyOf", []) if choice.get("type") != "null"]
    return _plain(schema, choices[0]) if choices else node


def _step(schema: dict[str, Any], node: dict[str, Any], part: str | int) -> dict[str, Any]:
    found: dict[str, Any]
    if isinstance(part, int):
        found = node.get("items", {})
    elif part in node.get("discriminator", {}).get("mapping", {}):
        found = {"$ref": node["discriminator"]["mapping"][part]}
    elif part in node.get("properties", {}):
        found = node["properties"][part]
    else:
        further = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
        found = next((schema for schema in further if isinstance(schema, dict)), {})
    return found
