"""What an update would do to a stack, told before anything is done: the changes of a change set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from local.cloudformation.registry import replacing
from local.cloudformation.resources import kind_of, tagged
from local.cloudformation.stacks import Stack, Wanted
from local.resources.catalogue import IGNORED_TYPES
from local.resources.kinds import Made, text
from local.template import Template, references

if TYPE_CHECKING:
    from local.server import EmbeddedAws

Replacement = Literal["True", "False", "Conditional"]


@dataclass(frozen=True)
class PropertyChange:
    """One property that differs: ``recreation`` is Always, Conditionally or Never."""

    name: str
    recreation: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Change:
    """What would become of one resource."""

    action: Literal["Add", "Modify", "Remove"]
    logical_id: str
    type: str
    physical_id: str = ""
    replacement: Replacement | None = None
    properties: tuple[PropertyChange, ...] = ()
    policy: str = ""
    """What becomes of the resource that goes: Delete, Retain, ReplaceAndDelete or ReplaceAndRetain."""


def changes(aws: EmbeddedAws, stack: Stack, wanted: Wanted) -> list[Change]:
    """Return what an update to ``wanted`` would do, in the order in which it would begin to."""
    template = _template(aws, stack, wanted)
    order = template.order()
    replaced: set[str] = set()
    found: list[Change] = []
    for logical_id in order:
        resource = template.resources[logical_id]
        if resource["Type"] in IGNORED_TYPES:
            continue
        known = stack.made.get(logical_id)
        if known is None:
            found.append(Change("Add", logical_id, resource["Type"]))
        elif modified := _modified(template, known, wanted, replaced):
            found.append(modified)
    for logical_id, made in reversed(stack.made.items()):
        if logical_id not in order:
            policy = "Retain" if made.retain else "Delete"
            found.append(Change("Remove", logical_id, made.kind.type, made.ref, policy=policy))
    return found


def differs(aws: EmbeddedAws, stack: Stack, wanted: Wanted) -> list[Change] | None:
    """Return the changes to a stack, or None where nothing would change, its outputs and tags among it."""
    found = changes(aws, stack, wanted)
    same = stack.wanted.template.get("Outputs", {}) == wanted.template.get("Outputs", {})
    return None if not found and same and stack.wanted.tags == wanted.tags else found


def refuse_what_needs_a_fresh_server(aws: EmbeddedAws, stack: Stack, wanted: Wanted) -> None:
    """Raise LineError for a change that would cost data, or that cannot be made while the resource is there."""
    for change in changes(aws, stack, wanted):
        if change.action == "Modify":
            known = stack.made[change.logical_id]
            lost = change.replacement == "True" and known.kind.holds_data
            if lost or (change.replacement == "False" and known.kind.update is None):
                known.kind.refuse(known)


def _template(aws: EmbeddedAws, stack: Stack, wanted: Wanted) -> Template:
    """Return the wanted template, resolved with what is there; what is not there yet has a name that says so."""

    def attribute(logical_id: str, name: str | None) -> Any:
        made = stack.made.get(logical_id)
        if made is None:
            return f"{{{{known once {logical_id} is made: {name or 'Ref'}}}}}"
        return made.ref if name is None else made.attribute(name)

    return Template(
        wanted.template,
        stack=stack.name,
        stack_id=stack.id,
        account=aws.account,
        region=aws.region,
        attribute=attribute,
        export=lambda name: aws.stacks.export(name) or f"{{{{export {name}}}}}",
        ssm=lambda name: aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"],
        parameters=wanted.parameters,
    )


def _modified(template: Template, known: Made, wanted: Wanted, replaced: set[str]) -> Change | None:
    logical_id, kind = known.site.logical_id, known.kind
    resource = template.resources[logical_id]
    properties = tagged(kind_of(resource["Type"]), template.resolve(resource.get("Properties", {})), wanted.tags)
    after = kind.wanted(known.site, properties, known=known.properties)
    found = list(_differing(known.given, after, replacing(kind.type, known.given, after)))
    found += [
        PropertyChange(name, "Conditionally")
        for name, value in resource.get("Properties", {}).items()
        if replaced.intersection(references(value)) and all(name != one.name for one in found)
    ]
    if not found:
        return None
    always = any(one.recreation == "Always" for one in found)
    dynamic = any(one.recreation == "Conditionally" for one in found)
    if always:
        replaced.add(logical_id)
    retained = resource.get("UpdateReplacePolicy", "Delete") != "Delete"
    return Change(
        action="Modify",
        logical_id=logical_id,
        type=kind.type,
        physical_id=known.ref,
        replacement="True" if always else "Conditional" if dynamic else "False",
        properties=tuple(found),
        policy=("ReplaceAndRetain" if retained else "ReplaceAndDelete") if always else "",
    )


def _differing(before: Mapping[str, Any], after: Mapping[str, Any], why: list[str]) -> Iterator[PropertyChange]:
    recreated = {path.split(".", 1)[0] for path in why}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if text({"": old}) != text({"": new}):
            yield PropertyChange(name, "Always" if name in recreated else "Never", old, new)
