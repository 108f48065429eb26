"""The templates of an environment as the rules of our pack read them: all stacks together, references followed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """One resource of a template."""

    stack: str
    id: str
    body: Json = field(compare=False)

    @property
    def kind(self) -> str:
        return str(self.body["Type"])

    @property
    def properties(self) -> Json:
        found: Json = self.body.get("Properties", {})
        return found

    @property
    def name(self) -> str:
        return f"{self.stack}/{self.id}"


@dataclass(frozen=True)
class World:
    """Templates by stack id, and which of the stacks keep their data."""

    templates: Mapping[str, Json]
    keeping: frozenset[str] = frozenset()

    def all(self, *kinds: str) -> Iterator[Resource]:
        """Yield the resources of some kinds, or of every kind."""
        for stack, template in self.templates.items():
            for id_, body in template.get("Resources", {}).items():
                if not kinds or body["Type"] in kinds:
                    yield Resource(stack, id_, body)

    def follow(self, where: Resource, value: Any) -> Resource | None:
        """Return the resource to which a Ref, GetAtt or import of another stack leads, or None."""
        match value:
            case {"Ref": id_} | {"Fn::GetAtt": [id_, _]}:
                body = self.templates[where.stack].get("Resources", {}).get(id_)
                return Resource(where.stack, id_, body) if body else None
            case {"Fn::ImportValue": name}:
                for stack, template in self.templates.items():
                    for output in template.get("Outputs", {}).values():
                        if output.get("Export", {}).get("Name") == name:
                            return self.follow(Resource(stack, "", {"Type": ""}), output["Value"])
            case {"Fn::Join": [_, parts]}:
                return next((found for part in parts if (found := self.follow(where, part))), None)
        return None

    def statements(self, *kinds: str) -> Iterator[tuple[Resource, Json]]:
        """Yield (resource, statement) of each policy document in resources of some kinds; without kinds, of roles."""
        for resource in self.all(*(kinds or ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role"))):
            properties = resource.properties
            documents = [
                properties.get(name)
                for name in ("PolicyDocument", "KeyPolicy", "ResourcePolicy", "RepositoryPolicyText", "Policy")
            ]
            documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
            for document in documents:
                if isinstance(document, dict):
                    yield from ((resource, statement) for statement in listed(document.get("Statement", [])))


def listed(value: Any) -> list[Any]:
    """Return a value as a list; IAM writes one where a list would do."""
    return value if isinstance(value, list) else [value]


def services(statement: Json) -> list[str]:
    """Return the services that a statement speaks of, as text."""
    principal = statement.get("Principal", {})
    return [_flat(one) for one in listed(principal.get("Service", []))] if isinstance(principal, dict) else []


def anyone(statement: Json) -> bool:
    """Tell whether a statement speaks of everybody."""
    principal = statement.get("Principal")
    return principal == "*" or (isinstance(principal, dict) and "*" in listed(principal.get("AWS", [])))


def conditions(statement: Json) -> Json:
    """Return the condition keys of a statement, in lower case, with their values, whichever the operator."""
    found = statement.get("Condition", {})
    return {key.lower(): value for operands in found.values() for key, value in operands.items()}


def _flat(value: Any) -> str:
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(map(_flat, parts))
    return value if isinstance(value, str) else json.dumps(value)


def flat(value: Any) -> str:
    """Return a value as text in which functions stand as JSON."""
    return _flat(value)


def load(assembly: Path) -> World:
    """Return the templates of a cloud assembly; a stack that is protected against deletion keeps its data."""
    manifest: Json = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    stacks = {
        name: one["properties"]
        for name, one in manifest["artifacts"].items()
        if one["type"] == "aws:cloudformation:stack"
    }
    return World(
        templates={
            name: json.loads((assembly / properties["templateFile"]).read_text(encoding="utf-8"))
            for name, properties in stacks.items()
        },
        keeping=frozenset(name for name, properties in stacks.items() if properties.get("terminationProtection")),
    )
