"""Reading a cloud assembly for a comparison, and small questions that are asked of templates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config.errors import LineError

Template = Mapping[str, Any]

_SUBSTITUTED = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}")


def read_templates(directory: Path) -> dict[str, Template]:
    """Return the templates of an assembly's stacks by id, which is the same in every environment.

    Raises LineError when the folder is no cloud assembly.
    """
    return {
        name: json.loads((directory / artifact["properties"]["templateFile"]).read_text(encoding="utf-8"))
        for name, artifact in _stacks(directory).items()
    }


def read_regions(directory: Path) -> dict[str, str]:
    """Return the region of each stack by id, ``unknown-region`` for one that may go anywhere."""
    return {
        name: artifact.get("environment", "unknown-region").rpartition("/")[2]
        for name, artifact in _stacks(directory).items()
    }


def _stacks(directory: Path) -> dict[str, dict[str, Any]]:
    manifest = directory / "manifest.json"
    if not manifest.is_file():
        raise LineError(f"{directory}: it is not a cloud assembly (no manifest.json): synthesize the app into it first")
    artifacts = json.loads(manifest.read_text(encoding="utf-8"))["artifacts"]
    return {
        name: artifact for name, artifact in sorted(artifacts.items()) if artifact["type"] == "aws:cloudformation:stack"
    }


def resources(template: Template) -> Mapping[str, Mapping[str, Any]]:
    """Return a template's resources by logical id."""
    found: Mapping[str, Mapping[str, Any]] = template.get("Resources", {})
    return found


def references(value: Any) -> Iterator[str]:
    """Yield the logical ids that a value refers to, by Ref, Fn::GetAtt or Fn::Sub.

    >>> sorted(references({"a": [{"Ref": "Key"}, {"Fn::GetAtt": ["Role", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}]}))
    ['Bucket', 'Key', 'Role']
    """
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "Ref" and isinstance(inner, str):
            yield inner
        elif key == "Fn::GetAtt":
            yield inner[0] if isinstance(inner, list) else str(inner).partition(".")[0]
        elif key == "Fn::Sub":
            yield from _SUBSTITUTED.findall(inner if isinstance(inner, str) else inner[0])
        yield from references(inner)


def flat(value: Any) -> str:
    """Return a value as one readable text, with what is only known when deployed in angle brackets.

    >>> flat({"Fn::Join": ["", [{"Fn::GetAtt": ["Lake", "Arn"]}, "/flights/*"]]})
    '<Lake.Arn>/flights/*'
    """
    text = json.dumps(value, sort_keys=True)
    match value:
        case str():
            text = value
        case {"Ref": name}:
            text = f"<{name}>"
        case {"Fn::GetAtt": [resource, attribute]}:
            text = f"<{resource}.{flat(attribute)}>"
        case {"Fn::Join": [str(delimiter), list(parts)]}:
            text = delimiter.join(map(flat, parts))
        case {"Fn::Sub": str(template)}:
            text = template.replace("${", "<").replace("}", ">")
        case {"Fn::ImportValue": name}:
            text = f"<import {flat(name)}>"
    return text
