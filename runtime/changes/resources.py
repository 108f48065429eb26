"""What two templates say differently of each resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from runtime.changes.properties import Path, differing
from runtime.changes.replacement import CreateOnlyOf, Replaced, follows, replaced_by, strongest
from runtime.changes.templates import Template, resources


@dataclass(frozen=True)
class Change:
    """A resource that comes, goes or changes."""

    stack: str
    logical_id: str
    type: str
    kind: Literal["added", "removed", "changed"]
    properties: tuple[Path, ...] = ()
    replaced: Replaced = "no"
    """Of a changed one: whether CloudFormation makes a new one and deletes the old."""


def changes(stack: str, before: Template, after: Template, create_only_of: CreateOnlyOf) -> list[Change]:
    """Return the changes of one stack, in the order of logical ids; a new type under an old id is two changes."""
    old, new = resources(before), resources(after)
    found: dict[str, Change] = {}
    gone: list[Change] = []
    for name in sorted({*old, *new}):
        if name in old and (name not in new or new[name]["Type"] != old[name]["Type"]):
            gone.append(Change(stack, name, old[name]["Type"], "removed"))
        if name in new and (name not in old or new[name]["Type"] != old[name]["Type"]):
            gone.append(Change(stack, name, new[name]["Type"], "added"))
        elif name in new:
            paths = tuple(_differing(old[name], new[name]))
            own = replaced_by((path for path in paths if path[0] not in _ATTRIBUTES), create_only_of(new[name]["Type"]))
            found[name] = Change(stack, name, new[name]["Type"], "changed", paths, own)
    _spread(found, new, create_only_of)
    changed = [change for change in found.values() if change.properties or change.replaced != "no"]
    return sorted([*gone, *changed], key=lambda change: (change.logical_id, change.kind))


_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy", "DependsOn", "Condition")


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the paths of properties that differ, and the names of a resource's own attributes."""
    yield from (path or ("Properties",) for path in differing(old.get("Properties", {}), new.get("Properties", {})))
    yield from ((name,) for name in _ATTRIBUTES if name != "DependsOn" and old.get(name) != new.get(name))


def _spread(found: dict[str, Change], new: Mapping[str, Any], create_only_of: CreateOnlyOf) -> None:
    """Let each replacement replace what refers to it in a property that cannot change, until nothing more follows."""
    moving = True
    while moving:
        moving = False
        replaced: dict[str, Replaced] = {name: change.replaced for name, change in found.items()}
        for name, change in found.items():
            grown = strongest(
                [change.replaced, follows(new[name], create_only_of(change.type), {**replaced, name: "no"})]
            )
            if grown != change.replaced:
                found[name] = replace(change, replaced=grown)
                moving = True
