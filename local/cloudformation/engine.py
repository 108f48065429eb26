"""The engine: a stack is created, updated or deleted, and taken back when that fails, as CloudFormation does it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from config.errors import LineError
from local.cloudformation.exports import outputs
from local.cloudformation.resources import OnEvent, Resources
from local.cloudformation.stacks import Output, Stack, Wanted, now
from local.fidelity import Row
from local.resources.kinds import Made
from local.template import references

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row(
        "CloudFormation",
        "creating, updating and deleting stacks",
        "real",
        "each resource through its API, in order; events, rollback, deletion policies, exports; an unknown type, "
        "property or attribute is an error",
    ),
    Row(
        "CloudFormation",
        "replacing a resource",
        "real",
        "where a property changes that only a new resource can have, as the schemas of AWS say",
    ),
    Row(
        "CloudFormation",
        "changing a resource in place",
        "approximated",
        "what holds nothing is made again under its name; a few changes of what holds data are refused",
    ),
    Row("CloudFormation", "the role that a stack is deployed on", "approximated", "the engine acts as the operator"),
    Row("CloudFormation", "a stack's tags", "real", "on each resource whose type has tags; no aws: tags"),
]


@dataclass(frozen=True)
class _Before:
    """A stack as it was before an update."""

    wanted: Wanted
    outputs: list[Output]
    imports: set[str]


class Engine:
    """One operation on one stack. Whoever starts it has called the stack's ``begin``.

    What fails ends in the stack's state and events, and in a LineError.
    """

    def __init__(self, aws: EmbeddedAws, stack: Stack, on_event: OnEvent | None = None) -> None:
        self._aws, self._stack, self._on_event = aws, stack, on_event

    def create(self, wanted: Wanted, *, rollback: bool = True) -> None:
        """Make every resource; without ``rollback``, what was made before a failure stays."""
        stack = self._stack
        try:
            self._create(wanted, rollback=rollback)
        finally:
            stack.stopped.set()

    def _create(self, wanted: Wanted, *, rollback: bool) -> None:
        stack = self._stack
        stack.wanted = wanted
        resources = self._resources(wanted)
        try:
            for logical_id in resources.template.order():
                if stack.cancelled:
                    raise LineError(f"stack {stack.name}: Resource creation cancelled")
                resources.make(logical_id)
            stack.outputs, stack.imports = outputs(self._aws, stack, resources), resources.imports
        except LineError as error:
            if not rollback or stack.cancelled:
                stack.become("CREATE_FAILED", str(error))
                raise
            stack.become("ROLLBACK_IN_PROGRESS", f"{error}. Rollback requested by user.")
            self.roll_back_creation()
            raise
        stack.become("CREATE_COMPLETE")

    def update(self, wanted: Wanted, *, rollback: bool = True) -> None:
        """Make what is new, change or replace what is different, and delete what is gone once all else is done."""
        stack = self._stack
        before = _Before(stack.wanted, stack.outputs, stack.imports)
        stack.wanted, stack.undo, stack.updated = wanted, [partial(self._take_back, before)], now()
        leaving: list[tuple[str, Made]] = []
        try:
            resources = self._resources(wanted)
            order = resources.template.order()
            for logical_id in order:
                self._bring_up(resources, logical_id, leaving)
            gone = [item for item in reversed(stack.made.items()) if item[0] not in order]
            stack.outputs, stack.imports = outputs(self._aws, stack, resources), resources.imports
        except LineError as error:
            if not rollback:
                stack.become("UPDATE_FAILED", str(error))
                raise
            stack.become("UPDATE_ROLLBACK_IN_PROGRESS", str(error))
            self.roll_back()
            raise
        stack.undo = []
        if leaving or gone:
            stack.become("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        for logical_id, made in [*reversed(leaving), *gone]:
            if stack.made.get(logical_id) is made:
                del stack.made[logical_id]
            self._clean_up(resources, logical_id, made)
        stack.become("UPDATE_COMPLETE")

    def roll_back_creation(self) -> None:
        """Delete what a creation that failed has made."""
        stack = self._stack
        failed = self._remove_all(self._resources(stack.wanted))
        stack.outputs, stack.imports = [], set()
        stack.become("ROLLBACK_FAILED" if failed else "ROLLBACK_COMPLETE", _told(failed))

    def roll_back(self) -> None:
        """Take back what an update has done so far; what cannot be taken back is left for another try."""
        stack = self._stack
        while stack.undo:
            try:
                stack.undo[-1]()
            except LineError as error:
                stack.become("UPDATE_ROLLBACK_FAILED", str(error))
                return
            stack.undo.pop()
        stack.become("UPDATE_ROLLBACK_COMPLETE")

    def delete(self, retain: Collection[str] = ()) -> None:
        """Delete every resource but those that are retained; what cannot be deleted stays, the rest goes."""
        stack = self._stack
        resources = self._resources(stack.wanted)
        failed = self._remove_all(resources, retain)
        if failed:
            stack.become("DELETE_FAILED", _told(failed))
            raise LineError(failed[0][1] + (f" (and {len(failed) - 1} more resources)" if len(failed) > 1 else ""))
        stack.outputs, stack.imports, stack.deleted = [], set(), now()
        stack.become("DELETE_COMPLETE")

    def _resources(self, wanted: Wanted) -> Resources:
        return Resources(self._aws, self._stack, wanted, self._on_event)

    def _bring_up(self, resources: Resources, logical_id: str, leaving: list[tuple[str, Made]]) -> None:
        """Bring one resource to what is wanted, and remember how to take that back."""
        stack = self._stack
        known = stack.made.get(logical_id)
        if known is None:
            if made := resources.make(logical_id):
                stack.undo.append(partial(self._unmake, resources, logical_id, made, None))
        elif known.kind.type != stack.wanted.resource(logical_id)["Type"]:
            raise LineError(
                f"stack {stack.name}, resource {logical_id}: its type cannot change from {known.kind.type} to "
                f"{stack.wanted.resource(logical_id)['Type']}: give the new one another logical id"
            )
        else:
            former = known.given
            try:
                changed = resources.change(logical_id)
            except LineError:
                if stack.made[logical_id] is known and known.kind.update is not None:
                    stack.undo.append(partial(resources.restore, logical_id, former))  # it may be half changed
                raise
            if changed and stack.made[logical_id] is not known:
                stack.undo.append(partial(self._unmake, resources, logical_id, stack.made[logical_id], known))
                leaving.append((logical_id, known))
            elif changed:
                stack.undo.append(partial(resources.restore, logical_id, former))

    def _unmake(self, resources: Resources, logical_id: str, made: Made, known: Made | None) -> None:
        """Delete what was made, and put back what it stood in for."""
        resources.remove(logical_id, made, retain=False)
        if known is None:
            self._stack.made.pop(logical_id, None)
        else:
            self._stack.made[logical_id] = known

    def _take_back(self, before: _Before) -> None:
        self._stack.wanted, self._stack.outputs, self._stack.imports = before.wanted, before.outputs, before.imports

    def _clean_up(self, resources: Resources, logical_id: str, made: Made) -> None:
        try:
            resources.remove(logical_id, made)
        except LineError as error:  # CloudFormation notes it and forgets the resource
            self._aws.problems.append(f"{error}: it is left behind")

    def _remove_all(self, resources: Resources, retain: Collection[str] = ()) -> list[tuple[str, str]]:
        """Delete every resource, each after those that need it; returns (logical id, why) of what stays."""
        stack = self._stack
        needs = _needs(stack.wanted)
        failed: list[tuple[str, str]] = []
        for logical_id in _backwards(resources, stack.made):
            made = stack.made[logical_id]
            if any(logical_id in needs.get(other, ()) for other in stack.made if other != logical_id):
                continue  # what needs it could not be deleted
            try:
                resources.remove(logical_id, made, retain=True if logical_id in retain else None)
            except LineError as error:
                failed.append((logical_id, str(error)))
            else:
                del stack.made[logical_id]
        return failed


def _needs(wanted: Wanted) -> dict[str, set[str]]:
    """Return for each resource those that it refers to or depends on."""
    needs: dict[str, set[str]] = {}
    for name, resource in wanted.template.get("Resources", {}).items():
        explicit = resource.get("DependsOn", [])
        needs[name] = {explicit} if isinstance(explicit, str) else set(explicit)
        needs[name] |= set(references(resource.get("Properties", {})))
    return needs


def _backwards(resources: Resources, made: Collection[str]) -> list[str]:
    """Return the resources that are there, each before those that it needs."""
    order = [name for name in resources.template.order() if name in made]
    return [*reversed(order), *(name for name in made if name not in order)]


def _told(failed: list[tuple[str, str]]) -> str:
    return f"The following resource(s) failed to delete: [{', '.join(name for name, _ in failed)}]." if failed else ""
