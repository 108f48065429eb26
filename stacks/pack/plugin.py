"""Our own pack: what cdk-nag's packs do not look at, told at synthesis with the resource and the mend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii

from stacks.pack import compute, flow, identity, messages, network, removal, storage
from stacks.pack.rule import NAME, Fault, Rule
from stacks.pack.world import World, load

RULES: list[Rule] = [
    *storage.RULES,
    *identity.RULES,
    *messages.RULES,
    *compute.RULES,
    *network.RULES,
    *flow.RULES,
    *removal.RULES,
]


def faults(world: World, rules: Sequence[Rule] = RULES) -> list[tuple[Rule, Fault]]:
    """Return every fault that the rules find in some templates, each once."""
    found = {(rule.id, *fault): (rule, fault) for rule in rules for fault in rule.faults(world)}
    return list(found.values())


@jsii.implements(cdk.IPolicyValidationPlugin)
class AssemblyLinePack:
    """The pack as CDK calls it, once the templates are written."""

    @property
    def name(self) -> str:
        return NAME

    @property
    def version(self) -> str:
        return "1.0.0"

    @property
    def rule_ids(self) -> list[str]:
        return [rule.name for rule in RULES]

    def validate(self, context: Any) -> Any:
        """Return what breaks a rule; ``context`` tells where the templates are."""
        paths = {Path(path).name.removesuffix(".template.json"): path for path in context.template_paths}
        folder = Path(next(iter(paths.values()))).parent
        found = [_violation(rule, fault, paths) for rule, fault in faults(load(folder))]
        return cdk.PolicyValidationPluginReport(success=not found, violations=found)


def _violation(rule: Rule, fault: Fault, paths: dict[str, str]) -> cdk.PolicyViolation:
    resource, where = fault
    return cdk.PolicyViolation(
        rule_name=rule.name,
        description=rule.says + (f" ({where})" if where else ""),
        fix=rule.mend,
        severity="error",
        violating_resources=[
            cdk.PolicyViolatingResource(
                resource_logical_id=resource.id, template_path=paths[resource.stack], locations=["Properties"]
            )
        ],
    )
