"""What an environment owns, as AWS tells it: its stacks, their resources, and what carries its tag.

A stack is known by its id, so that one which is deployed anew under the same name is another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from config import tags
from config.naming import slug
from runtime.teardown.gone import pages

Clients = Callable[[str], Any]
"""Gives the boto3 client of a service."""

FOUNDATION = "Foundation"
STACK = re.compile(r"AssemblyLine-(?P<environment>[a-z][a-z0-9-]*)-(?P<part>[A-Z][A-Za-z0-9]*)")
"""A stack's name. An environment's id is lowercase and a part begins with a capital, so it is read in one way only."""

_GONE = "DELETE_COMPLETE"


@dataclass(frozen=True)
class Stack:
    """One stack; ``status`` and ``reason`` as CloudFormation says them."""

    id: str
    name: str
    status: str
    tags: Mapping[str, str]
    protected: bool = False
    """Whether its termination protection is on."""
    reason: str = ""

    @property
    def part(self) -> str:
        found = STACK.fullmatch(self.name)
        return found["part"] if found else ""

    @property
    def exists(self) -> bool:
        return self.status != _GONE

    @property
    def in_progress(self) -> bool:
        """Whether CloudFormation is at work on it; a stack that only has a change set waits for nobody."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True)
class Resource:
    """A resource of a stack, which may be deleted already."""

    stack: str
    logical_id: str
    type: str
    name: str
    """Its physical id."""
    status: str
    reason: str = ""

    @property
    def exists(self) -> bool:
        return self.status != _GONE and bool(self.name)


@dataclass(frozen=True)
class Owned:
    """An environment; ``tagged`` is ARN -> tags of what carries its tag, whoever made it."""

    id: str
    stacks: tuple[Stack, ...] = ()
    resources: tuple[Resource, ...] = ()
    tagged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """The lines that it has or had: the names of their groups of model packages say them exactly."""
        start = f"{slug(self.id)}-"
        arns = self.names("AWS::SageMaker::ModelPackageGroup", ever=True)
        groups = [arn.rpartition("/")[2] for arn in arns]
        return sorted({name.removeprefix(start) for name in groups if name.startswith(start)})

    @property
    def deployed(self) -> list[Stack]:
        return [stack for stack in self.stacks if stack.exists]

    def names(self, type_: str, *, ever: bool = False) -> list[str]:
        """Return the physical ids of its resources of a type; with ``ever`` also of those that were deleted."""
        return [one.name for one in self.resources if one.type == type_ and one.name and (ever or one.exists)]

    def remembering(self, before: Owned) -> Owned:
        """Return it with the resources that it had before, deleted now: their names tell what belongs to it, too."""
        known = {(one.stack, one.logical_id, one.name) for one in self.resources}
        gone = (one for one in before.resources if (one.stack, one.logical_id, one.name) not in known)
        return replace(self, resources=(*self.resources, *(replace(one, status=_GONE) for one in gone)))

    @property
    def is_there(self) -> bool:
        return bool(self.deployed or self.tagged)


def read(clients: Clients, environment: str) -> Owned:
    """Return what an environment owns at this moment."""
    cloudformation = clients("cloudformation")
    stacks = (*live(cloudformation, environment), *_deleted(cloudformation, environment))
    resources = [
        Resource(
            stack=stack.name,
            logical_id=one["LogicalResourceId"],
            type=one["ResourceType"],
            name=one.get("PhysicalResourceId", ""),
            status=one["ResourceStatus"],
            reason=one.get("ResourceStatusReason", ""),
        )
        for stack in stacks
        for one in pages(cloudformation, "list_stack_resources", "StackResourceSummaries", StackName=stack.id)
    ]
    return Owned(environment, stacks, tuple(resources), tagged(clients, environment))


def live(cloudformation: Any, environment: str | None = None) -> list[Stack]:
    """Return the stacks that exist of an environment, or of all."""
    found = [_stack(one) for one in pages(cloudformation, "describe_stacks", "Stacks")]
    return [stack for stack in found if _is_of(stack.name, environment)]


def tagged(clients: Clients, environment: str | None = None) -> dict[str, dict[str, str]]:
    """Return ARN -> tags of what carries the tags of an environment, or of any of this project's."""
    filters = [{"Key": tags.PROJECT, "Values": [tags.PROJECT_VALUE]}]
    filters.append({"Key": tags.ENVIRONMENT, **({"Values": [environment]} if environment else {})})
    client = clients("resourcegroupstaggingapi")
    found = pages(client, "get_resources", "ResourceTagMappingList", TagFilters=filters)
    return {one["ResourceARN"]: _tags(one["Tags"]) for one in found}


def environment_of(stack: Stack) -> str:
    """Return the id in a stack's name."""
    found = STACK.fullmatch(stack.name)
    return found["environment"] if found else ""


def _deleted(cloudformation: Any, environment: str) -> list[Stack]:
    """Return its stacks that were deleted, which CloudFormation remembers for 90 days."""
    found = pages(cloudformation, "list_stacks", "StackSummaries", StackStatusFilter=[_GONE])
    return [
        Stack(one["StackId"], one["StackName"], _GONE, {}) for one in found if _is_of(one["StackName"], environment)
    ]


def _is_of(name: str, environment: str | None) -> bool:
    found = STACK.fullmatch(name)
    return found is not None and environment in (None, found["environment"])


def _stack(one: Mapping[str, Any]) -> Stack:
    return Stack(
        id=one["StackId"],
        name=one["StackName"],
        status=one["StackStatus"],
        tags=_tags(one.get("Tags", [])),
        protected=bool(one.get("EnableTerminationProtection")),
        reason=one.get("StackStatusReason", ""),
    )


def _tags(given: list[Mapping[str, str]]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in given}
