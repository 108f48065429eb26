"""What the app writes for each environment, once for all processes of the tests.

Its validation and bundling are left away.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import app
from config.loading import load_branch, load_environment
from local.template import Template

ENVIRONMENTS = ("local", "dev", "prod")
LINE = "flights"
STACKS = ("Foundation", "Flights")

Json = dict[str, Any]


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly: its folder and its templates by stack id."""

    environment: str
    directory: Path
    templates: dict[str, Json]

    def resources(self, *types: str) -> Iterator[tuple[str, Json]]:
        """Yield (``stack/logical id``, resource) of some types, or of all, in every stack."""
        for stack, template in self.templates.items():
            for logical_id, resource in template["Resources"].items():
                if not types or resource["Type"] in types:
                    yield f"{stack}/{logical_id}", resource

    def properties(self, *types: str) -> dict[str, Json]:
        """Return the properties of the resources of some types."""
        return {name: resource.get("Properties", {}) for name, resource in self.resources(*types)}

    def statements(self) -> Iterator[tuple[str, Json]]:
        """Yield (where, statement) of every policy that a role has."""
        for name, properties in self.properties("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy").items():
            yield from ((name, statement) for statement in properties["PolicyDocument"]["Statement"])
        for name, properties in self.properties("AWS::IAM::Role").items():
            for policy in properties.get("Policies", []):
                yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])


@lru_cache
def synthesized(environment: str, branch: str = "") -> Assembly:
    """Return the assembly of an environment, or of a branch's, with the worked example as its line."""
    wanted = load_branch(branch, "ada@example.com") if branch else load_environment(environment)
    directory = Path(os.environ["TESTS_SCRATCH"]) / wanted.name
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first process makes it, the others wait
        if not (directory / "manifest.json").exists():
            made = app.new_app(
                outdir=str(directory),
                context={"aws:cdk:bundling-stacks": []},
                builtin_cloud_formation_validation=False,
            )
            app.build(made, environment=wanted, lines=[LINE])
            made.synth()
    templates = {stack: json.loads((directory / f"{stack}.template.json").read_text()) for stack in STACKS}
    return Assembly(environment=wanted.name, directory=directory, templates=templates)


def resolved(assembly: Assembly, stack: str) -> Json:
    """Return a template with each of its functions replaced by a value such as AWS would give."""
    body = assembly.templates[stack]
    functions = Template(
        body,
        stack=stack,
        account="123456789012",
        region="eu-central-1",
        attribute=lambda logical_id, attribute: _made(body, logical_id, attribute),
        export=lambda name: f"imported-{name.rsplit(':', 1)[-1].lower()[:40]}",
        ssm=lambda name: name,
    )
    resources = functions.resolve(body["Resources"])
    return {**body, "Resources": resources, "Outputs": {}}


def definition(assembly: Assembly, machine: str = "Run") -> Json:
    """Return one of the line's state machines, ``Run`` or ``Release``, as Step Functions would read it."""
    resources = resolved(assembly, "Flights")["Resources"].items()
    (found,) = [
        resource
        for name, resource in resources
        if resource["Type"] == "AWS::StepFunctions::StateMachine" and name.startswith(machine)
    ]
    read: Json = json.loads(found["Properties"]["DefinitionString"])
    return read


def states(machine: Json, *, inside: str | None = None) -> Iterator[tuple[str, Json, str | None]]:
    """Yield (name, state, name of the Map or Parallel around it) of a state machine, at any depth."""
    for name, state in machine["States"].items():
        yield name, state, inside
        for inner in [*state.get("Branches", []), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]:
            yield from states(inner, inside=name)


def _made(body: Json, logical_id: str, attribute: str | None) -> str:
    _, service, kind = body["Resources"][logical_id]["Type"].split("::")
    if attribute is None and kind not in ("JobDefinition", "Topic"):
        return logical_id.lower()
    if kind == "Role":
        return f"arn:aws:iam::123456789012:role/{logical_id}"
    return f"arn:aws:{service.lower()}:eu-central-1:123456789012:{kind.lower()}:{logical_id}"
