"""Faults that somebody could put into the templates, each with the rule that must catch it.

Most are changes to what the app really writes; a kind of resource that it does not write is added as one might.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stacks.pack.flow import MACHINE
from stacks.pack.world import World

Json = dict[str, Any]

ADDED = "Added"


@dataclass(frozen=True)
class Fault:
    """What somebody did, the rule of our pack that tells of it, and the change, which returns what it changed."""

    name: str
    rule: str
    change: Callable[[dict[str, Json]], str]


def seeded(world: World, fault: Fault) -> tuple[World, str]:
    """Return the templates with the fault in them, and the name of the resource that has it."""
    templates = {name: {**one, "Resources": dict(one["Resources"])} for name, one in world.templates.items()}
    changed = fault.change(templates)
    return World(templates=templates, keeping=world.keeping), changed


def _found(templates: dict[str, Json], kind: str, like: str, having: str) -> tuple[str, str, Json]:
    """Return (stack, id, a copy of its own) of the first resource of a kind whose id holds a text."""
    for stack, template in templates.items():
        for id_, body in template["Resources"].items():
            if body["Type"] == kind and like in id_ and having in json.dumps(body):
                template["Resources"][id_] = own = copy.deepcopy(body)
                return stack, id_, own
    raise LookupError(f"no {kind} with {like!r}: the templates changed, choose another")


def _at(tree: Any, path: str) -> tuple[Any, str | int]:
    """Return what holds the last step of a path such as ``Statement.0.Condition``, and that step."""
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in steps:
        tree = tree[step]
    return tree, last


def put(kind: str, path: str, value: Any, *, like: str = "", having: str = "") -> Callable[[dict[str, Json]], str]:
    """Give a resource of the templates another value somewhere, e.g. at ``Properties/Timeout``."""

    def change(templates: dict[str, Json]) -> str:
        stack, id_, own = _found(templates, kind, like, having)
        holder, last = _at(own, path)
        holder[last] = value
        return f"{stack}/{id_}"

    return change


def drop(kind: str, path: str, *, like: str = "", having: str = "") -> Callable[[dict[str, Json]], str]:
    """Take something away from a resource of the templates."""

    def change(templates: dict[str, Json]) -> str:
        stack, id_, own = _found(templates, kind, like, having)
        holder, last = _at(own, path)
        del holder[last]
        return f"{stack}/{id_}"

    return change


def gone(kind: str, *, like: str, of: str) -> Callable[[dict[str, Json]], str]:
    """Take a whole resource away, which makes one of another kind faulty, of about the same name."""

    def change(templates: dict[str, Json]) -> str:
        stack, id_, _ = _found(templates, kind, like, "")
        del templates[stack]["Resources"][id_]
        return "/".join(_found(templates, of, like, "")[:2])

    return change


def add(kind: str, **properties: Any) -> Callable[[dict[str, Json]], str]:
    """Add a resource to the line's stack."""

    def change(templates: dict[str, Json]) -> str:
        body = {"Type": kind, "Properties": properties, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
        templates["Flights"]["Resources"][ADDED] = body
        return f"Flights/{ADDED}"

    return change


def allowing(**statement: Any) -> Callable[[dict[str, Json]], str]:
    """Add a statement to a role's policy."""

    def change(templates: dict[str, Json]) -> str:
        stack, id_, own = _found(templates, "AWS::IAM::Policy", "RunRole", "")
        own["Properties"]["PolicyDocument"]["Statement"].append({"Effect": "Allow", **statement})
        return f"{stack}/{id_}"

    return change


def trusting(**statement: Any) -> Callable[[dict[str, Json]], str]:
    """Add a role with one statement of trust."""
    given = {"Effect": "Allow", "Action": "sts:AssumeRole", **statement}
    return add("AWS::IAM::Role", AssumeRolePolicyDocument={"Statement": [given]})


def task(change_it: Callable[[Json], None], *, named: str = "Score") -> Callable[[dict[str, Json]], str]:
    """Change one task of the line's state machine."""

    def change(templates: dict[str, Json]) -> str:
        stack, id_, own = _found(templates, MACHINE, "RunStateMachine", "")
        parts = own["Properties"]["DefinitionString"]["Fn::Join"][1]
        whole = "".join(
            part if isinstance(part, str) else f"<<{json.dumps(part)}>>".replace('"', "'") for part in parts
        )
        machine = json.loads(whole)
        change_it(machine["States"][named])
        own["Properties"]["DefinitionString"] = json.dumps(machine)
        return f"{stack}/{id_}"

    return change
