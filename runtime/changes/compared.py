"""Two cloud assemblies compared: what changes, what that does to data, what it allows, what cannot be deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from runtime.changes.data import Risk, risks
from runtime.changes.exports import Blocked, blocked
from runtime.changes.privileges import Growth, growth
from runtime.changes.properties import shown
from runtime.changes.replacement import CreateOnlyOf
from runtime.changes.resources import Change, changes
from runtime.changes.templates import Template


@dataclass(frozen=True)
class Comparison:
    """The differences by stack id; stacks that are the same have none."""

    changes: Mapping[str, list[Change]]
    risks: list[Risk]
    growth: list[Growth]
    blocked: list[Blocked]
    dropped: list[str]
    """Stacks that are no longer synthesized: ``cdk deploy`` leaves them as they are."""


def compare(before: Mapping[str, Template], after: Mapping[str, Template], create_only_of: CreateOnlyOf) -> Comparison:
    """Compare the templates of two assemblies by stack id.

    A stack that is no longer synthesized is told as such, and its resources are not counted as removed.
    """
    found: dict[str, list[Change]] = {}
    for stack in sorted(after):
        if differences := changes(stack, before.get(stack, {}), after[stack], create_only_of):
            found[stack] = differences
    return Comparison(
        changes=found,
        risks=[risk for stack, made in found.items() for risk in risks(before.get(stack, {}), after[stack], made)],
        growth=[
            more for stack, made in found.items() for more in growth(stack, before.get(stack, {}), after[stack], made)
        ],
        blocked=list(blocked(before, {**before, **after}, found)),
        dropped=sorted(set(before) - set(after)),
    )


def document(compared: Comparison) -> dict[str, Any]:
    """Return the comparison as one JSON document."""
    return {
        "stacks": {
            stack: [
                {
                    "resource": change.logical_id,
                    "type": change.type,
                    "change": change.kind,
                    "properties": [shown(path) for path in change.properties],
                    "replaced": change.replaced,
                }
                for change in made
            ]
            for stack, made in compared.changes.items()
        },
        "risks": [asdict(risk) for risk in compared.risks],
        "privileges": [
            {"stack": more.stack, "wide": more.wide, "new": more.new, **asdict(more.grant)} for more in compared.growth
        ],
        "blocked": [asdict(one) for one in compared.blocked],
        "dropped": compared.dropped,
    }
