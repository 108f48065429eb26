"""The deployed templates of two environments side by side, but for the names that every environment has for itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from config.errors import LineError


def differences(cloudformation: Any, one: str, other: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield (stack, logical id, type, difference) of each resource that not both have alike."""
    left, right = _resources(cloudformation, one), _resources(cloudformation, other)
    for key in sorted({*left, *right}):
        stack, logical_id = key
        kind = str((left.get(key) or right[key])["Type"])
        if key not in right:
            yield stack, logical_id, kind, f"only in {one}"
        elif key not in left:
            yield stack, logical_id, kind, f"only in {other}"
        elif left[key] != right[key]:
            told = ", ".join(sorted(_unlike(left[key], right[key])))
            yield stack, logical_id, kind, f"differs in {told}"


def _unlike(left: dict[str, Any], right: dict[str, Any]) -> Iterator[str]:
    """Yield the properties, and the attributes beside them, in which two resources differ."""
    ours, theirs = left.get("Properties", {}), right.get("Properties", {})
    yield from (name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    attributes = {*left, *right} - {"Properties"}
    yield from (name for name in attributes if left.get(name) != right.get(name))


def _resources(cloudformation: Any, environment: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the resources of an environment's stacks by (the stack's last name, logical id)."""
    prefix = f"AssemblyLine-{environment}-"
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            name = str(stack["StackName"]).removeprefix(prefix)
            if name == stack["StackName"] or "-" in name:
                continue  # another's: the last name of a stack has no hyphen
            body = cloudformation.get_template(StackName=stack["StackName"], TemplateStage="Original")["TemplateBody"]
            text = body if isinstance(body, str) else json.dumps(body)
            template = json.loads(_nameless(text, environment))
            found |= {(name, id_): one for id_, one in template.get("Resources", {}).items()}
    if not found:
        raise LineError(
            f"environment {environment!r} has no stack here, expected it to be deployed: deploy it, or set AWS_PROFILE "
            "and AWS_REGION to where it is"
        )
    return found


def _nameless(text: str, environment: str) -> str:
    """Return a template in which an environment's own name stands nowhere."""
    for name in (f"AssemblyLine-{environment}", slug := f"assembly-line-{environment}", slug.replace("-", "_")):
        text = text.replace(name, "assembly-line")
    return text
