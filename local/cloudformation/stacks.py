"""The stacks of an embedded AWS: what each was asked to be, what it is made of, its state and its history."""

from __future__ import annotations

import datetime as dt
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from config.errors import LineError
from local.resources.kinds import Made, Properties

if TYPE_CHECKING:
    from local.cloudformation.change_sets import ChangeSet

REVIEW = "REVIEW_IN_PROGRESS"
"""A stack that a change set named and that nothing was made of yet."""

STACK = "AWS::CloudFormation::Stack"


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Wanted:
    """What a stack is asked to be. ``body`` is the template as it was given, ``template`` what it says."""

    template: Mapping[str, Any]
    body: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    role: str | None = None

    @classmethod
    def of(cls, template: Mapping[str, Any], parameters: Mapping[str, str], tags: Mapping[str, str]) -> Wanted:
        return cls(template=template, body=json.dumps(template), parameters=parameters, tags=tags)

    def same(self, other: Wanted) -> bool:
        """Whether another asks for the same stack, however its template is written."""
        return (self.template, self.parameters, self.tags) == (other.template, other.parameters, other.tags)

    def resource(self, logical_id: str) -> Mapping[str, Any]:
        """Return the template's resource, an empty one where there is none of this name."""
        found: Mapping[str, Any] = self.template.get("Resources", {}).get(logical_id, {})
        return found


NOTHING = Wanted(template={}, body="{}")


@dataclass(frozen=True)
class Output:
    """One output of a stack; ``export`` is the name under which other stacks import it."""

    key: str
    value: str
    export: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    id: str
    at: dt.datetime
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    properties: str
    token: str
    operation: str


@dataclass
class Stack:
    """One stack, from the moment that it is named."""

    name: str
    id: str
    status: str = REVIEW
    reason: str = ""
    created: dt.datetime = field(default_factory=now)
    updated: dt.datetime | None = None
    deleted: dt.datetime | None = None
    wanted: Wanted = NOTHING
    made: dict[str, Made] = field(default_factory=dict)
    """The resources by logical id, in the order in which they were made."""
    outputs: list[Output] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    """The exports of other stacks that it uses."""
    events: list[Event] = field(default_factory=list)
    protected: bool = False
    token: str = ""
    operation: str = ""
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)
    """Held while an operation begins, so that two never run at once."""
    cancelled: bool = False
    """Whether it is to be deleted before it was all made."""
    stopped: threading.Event = field(default_factory=threading.Event)
    """Set once its creation has ended, in whatever way."""
    undo: list[Callable[[], None]] = field(default_factory=list)
    """What is left of a rollback that failed: steps, the next one last."""

    @property
    def busy(self) -> bool:
        """Whether an operation is under way."""
        return self.status.endswith("_IN_PROGRESS") and self.status != REVIEW

    @property
    def exports(self) -> dict[str, str]:
        return {output.export: output.value for output in self.outputs if output.export is not None}

    def begin(self, status: str, token: str = "") -> None:
        """Begin an operation, unless one is under way, which is a LineError.

        Its events carry the caller's token and an operation id of their own.
        """
        with self.lock:
            if self.busy:
                raise LineError(f"Stack:{self.id} is in {self.status} state and can not be updated.")
            self.token, self.operation = token, str(uuid.uuid4())
            self.become(status, "User Initiated")

    def become(self, status: str, reason: str = "") -> None:
        """Take on a state, and note it."""
        self.status, self.reason = status, reason
        self.note(self.name, STACK, status, physical_id=self.id, reason=reason)

    def note(
        self,
        logical_id: str,
        type_: str,
        status: str,
        *,
        physical_id: str = "",
        reason: str = "",
        properties: Properties | None = None,
    ) -> None:
        """Add to the history what happened to a resource."""
        told = json.dumps(properties, default=str) if properties is not None else ""
        self.events.append(
            Event(
                id=str(uuid.uuid4()),
                at=now(),
                logical_id=logical_id,
                physical_id=physical_id,
                type=type_,
                status=status,
                reason=reason,
                properties=told,
                token=self.token,
                operation=self.operation,
            )
        )


class Stacks:
    """The stacks of one server, those that were deleted among them."""

    def __init__(self, account: str, region: str) -> None:
        self._account, self._region = account, region
        self._stacks: dict[str, Stack] = {}
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Stack]:
        return iter(list(self._stacks.values()))

    def add(self, name: str) -> Stack:
        """Name a new stack; raises LineError where one of the name is there."""
        with self._lock:
            if self.find(name) is not None:
                raise LineError(f"stack {name}: it exists already")
            stack = Stack(name=name, id=self._arn("stack", name))
            self._stacks[stack.id] = stack
            return stack

    def find(self, name: str) -> Stack | None:
        """Return a stack by its name, if it is there, or by its id, also after its deletion."""
        if name in self._stacks:
            return self._stacks[name]
        return next((one for one in self if one.name == name and one.deleted is None), None)

    def present(self) -> list[Stack]:
        """Return the stacks that were not deleted."""
        return [stack for stack in self if stack.deleted is None]

    def export(self, name: str) -> str | None:
        """Return the value of an export, or None where no stack exports the name."""
        return next((stack.exports[name] for stack in self.present() if name in stack.exports), None)

    def importers(self, export: str, *, beside: Stack) -> list[str]:
        """Return the names of the other stacks that use an export."""
        return [stack.name for stack in self.present() if stack is not beside and export in stack.imports]

    def change_set_id(self, name: str) -> str:
        """Return a fresh id for a change set."""
        return self._arn("changeSet", name)

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:cloudformation:{self._region}:{self._account}:{kind}/{name}/{uuid.uuid4()}"
