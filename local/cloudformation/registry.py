"""What the resource schemas of AWS say of a type: which properties only a new resource can have, where its tags go.

The schemas are those that cfn-lint carries; they are read as files, since importing it takes a second.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from config.errors import LineError

Change = tuple[str, ...]
"""Where two property trees differ: the names on the way to it."""


@cache
def create_only(type_: str) -> frozenset[Change]:
    """Return the properties whose change replaces a resource of the type; none for a type without a schema."""
    schema = _schema(type_)
    pointers = [*schema.get("createOnlyProperties", []), *schema.get("conditionalCreateOnlyProperties", [])]
    return frozenset(tuple(pointer.removeprefix("/properties/").split("/")) for pointer in pointers)


@cache
def tag_property(type_: str) -> str | None:
    """Return the property that holds a resource's tags, or None where the type has none."""
    schema = _schema(type_)
    tagging = schema.get("tagging") or {}
    name = str(tagging.get("tagProperty", "")).removeprefix("/properties/")
    return name if tagging.get("taggable", True) and name in schema.get("properties", {}) else None


def replacing(type_: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the properties that differ and that only a new resource can have, as dotted names."""
    return sorted(".".join(path) for path in create_only(type_) if _at(before, path) != _at(after, path))


def _at(tree: Any, path: Change) -> Any:
    for name in path:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree


def _schema(type_: str) -> dict[str, Any]:
    hashes = _hashes()
    if type_ not in hashes:
        return {}
    schema: dict[str, Any] = json.loads((_folder() / "resources" / f"{hashes[type_]}.json").read_text(encoding="utf-8"))
    return schema


@cache
def _hashes() -> dict[str, str]:
    found: dict[str, str] = json.loads((_folder() / "providers" / "us-east-1.json").read_text(encoding="utf-8"))
    return found


@cache
def _folder() -> Path:
    spec = find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise LineError("cfn-lint is not installed, whose schemas the embedded AWS reads: run `make setup`")
    return Path(spec.origin).parent / "data" / "schemas"
