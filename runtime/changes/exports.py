"""Exports that other stacks import: CloudFormation neither changes nor removes one while it is in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.changes.resources import Change
from runtime.changes.templates import Template, flat, references


@dataclass(frozen=True)
class Blocked:
    """An update that CloudFormation would refuse, with what to do in its place."""

    stack: str
    export: str
    importers: tuple[str, ...]
    because: str


def blocked(
    before: Mapping[str, Template], after: Mapping[str, Template], found: Mapping[str, list[Change]]
) -> Iterator[Blocked]:
    """Yield the exports that would go or change while stacks, as they are deployed, still import them."""
    for stack, template in before.items():
        left = _exports(after.get(stack, {}))
        replaced = {change.logical_id for change in found.get(stack, []) if change.replaced == "yes"}
        for name, value in _exports(template).items():
            importers = tuple(other for other, body in before.items() if name in set(_imports(body)))
            if not importers:
                continue
            if name not in left:
                yield Blocked(stack, name, importers, "it is removed: keep it for one more deployment")
            elif replaced & set(references(left[name])):
                yield Blocked(
                    stack, name, importers, "what it names is replaced: export the new one under another name"
                )
            elif left[name] != value:
                yield Blocked(stack, name, importers, "its value changes: export the new one under another name")


def _exports(template: Mapping[str, Any]) -> dict[str, Any]:
    return {
        flat(output["Export"]["Name"]): output["Value"]
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    }


def _imports(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _imports(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Fn::ImportValue":
                yield flat(inner)
            else:
                yield from _imports(inner)
