"""Change sets: an update or a creation that is told first and executed later."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal

from local.cloudformation.changes import Change, PropertyChange
from local.cloudformation.stacks import Stack, Wanted, now

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


@dataclass
class ChangeSet:
    """What a stack would become; ``changes`` is None where nothing would change."""

    id: str
    name: str
    stack: Stack
    type: Literal["CREATE", "UPDATE"]
    wanted: Wanted
    changes: list[Change] | None
    description: str = ""
    created: dt.datetime = field(default_factory=now)
    execution: str = ""

    def __post_init__(self) -> None:
        self.execution = "UNAVAILABLE" if self.changes is None else "AVAILABLE"

    @property
    def status(self) -> str:
        return "FAILED" if self.changes is None else "CREATE_COMPLETE"

    def summary(self) -> dict[str, Any]:
        """Return what ListChangeSets tells of it."""
        return {
            "ChangeSetId": self.id,
            "ChangeSetName": self.name,
            "StackId": self.stack.id,
            "StackName": self.stack.name,
            "CreationTime": self.created,
            "Status": self.status,
            "StatusReason": NO_CHANGES if self.changes is None else None,
            "ExecutionStatus": self.execution,
            "Description": self.description or None,
        }

    def described(self) -> dict[str, Any]:
        """Return what DescribeChangeSet tells of it."""
        return {
            **self.summary(),
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in self.wanted.parameters.items()
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in self.wanted.tags.items()],
            "Capabilities": list(self.wanted.capabilities),
            "Changes": [{"Type": "Resource", "ResourceChange": _resource(one)} for one in self.changes or []],
        }


def _resource(change: Change) -> dict[str, Any]:
    told: dict[str, Any] = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id or None,
        "ResourceType": change.type,
        "PolicyAction": change.policy or None,
        "Scope": [],
        "Details": [],
    }
    if change.action == "Modify":
        told["Replacement"] = change.replacement
        told["Scope"] = sorted({_attribute(one) for one in change.properties})
        told["Details"] = [_detail(one) for one in change.properties]
    return told


def _detail(change: PropertyChange) -> dict[str, Any]:
    attribute = _attribute(change)
    target = {"Attribute": attribute, "RequiresRecreation": change.recreation}
    if attribute == "Properties":
        target["Name"] = change.name
    dynamic = change.recreation == "Conditionally"
    return {
        "Target": target,
        "Evaluation": "Dynamic" if dynamic else "Static",
        "ChangeSource": "ResourceReference" if dynamic else "DirectModification",
    }


def _attribute(change: PropertyChange) -> str:
    return "Tags" if change.name == "Tags" else "Properties"
