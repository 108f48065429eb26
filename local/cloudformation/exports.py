"""The outputs of a stack, and the exports among them that other stacks hold on to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.errors import LineError
from local.cloudformation.resources import Resources
from local.cloudformation.stacks import Output, Stack

if TYPE_CHECKING:
    from local.server import EmbeddedAws


def outputs(aws: EmbeddedAws, stack: Stack, resources: Resources) -> list[Output]:
    """Return the outputs that the wanted template gives.

    Raises LineError for an export that another stack has already, and for a change of one that another stack uses.
    """
    found = list(_resolved(stack, resources))
    names = {output.export: output.value for output in found if output.export is not None}
    for other in aws.stacks.present():
        if other is not stack and (twice := sorted(set(names) & set(other.exports))):
            raise LineError(
                f"stack {stack.name}: Export with name {twice[0]} is already exported by stack {other.name}"
            )
    for name, value in stack.exports.items():
        users = aws.stacks.importers(name, beside=stack)
        if users and names.get(name) != value:
            what = "update" if name in names else "delete"
            raise LineError(f"Cannot {what} export {name} as it is in use by {' and '.join(users)}")
    return found


def in_use(aws: EmbeddedAws, stack: Stack) -> str | None:
    """Return why a stack cannot be deleted: another uses what it exports. None where none does."""
    for name in stack.exports:
        if users := aws.stacks.importers(name, beside=stack):
            return f"Delete canceled. Cannot delete export {name} as it is in use by {' and '.join(users)}."
    return None


def _resolved(stack: Stack, resources: Resources) -> Iterator[Output]:
    template = resources.template
    for key, output in stack.wanted.template.get("Outputs", {}).items():
        if template.applies(output):
            export = output.get("Export")
            yield Output(
                key=key,
                value=str(template.resolve(output["Value"])),
                export=str(template.resolve(export["Name"])) if export else None,
                description=output.get("Description"),
            )
