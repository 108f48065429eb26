"""Deleting an environment's stacks: what is busy is waited for, what failed is tried again without what blocks it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from runtime.teardown.gone import found, pages
from runtime.teardown.owned import FOUNDATION, Owned, Stack
from runtime.teardown.pace import Pace
from runtime.teardown.sweep import Thing

KIND = "stack"


def of_lines(owned: Owned) -> list[Stack]:
    """Return the stacks that use what the foundation exports, so that they go before it."""
    return [stack for stack in owned.deployed if stack.part != FOUNDATION]


def of_foundation(owned: Owned) -> list[Stack]:
    return [stack for stack in owned.deployed if stack.part == FOUNDATION]


def settle(cloudformation: Any, stacks: Iterable[Stack], pace: Pace) -> list[Thing]:
    """Wait until nobody is at work on any of the stacks; returns those for which there was no time."""
    left = []
    for stack in stacks:
        told = _status(cloudformation, stack)
        while told.endswith("_IN_PROGRESS") and told != "REVIEW_IN_PROGRESS" and pace.wait():
            told = _status(cloudformation, stack)
        if told.endswith("_IN_PROGRESS") and told != "REVIEW_IN_PROGRESS":
            left.append(Thing(KIND, stack.name, f"it is {told}: wait until that has ended, and destroy it again"))
    return left


def delete(cloudformation: Any, stacks: list[Stack], pace: Pace) -> list[Thing]:
    """Delete stacks side by side and wait; returns those that are still there, with the reason."""
    left = []
    for stack in stacks:
        try:
            _ask(cloudformation, stack)
        except ClientError as error:
            left.append(Thing(KIND, stack.name, str(error)))
    for stack in stacks:
        while _status(cloudformation, stack) == "DELETE_IN_PROGRESS" and pace.wait():
            pass
        told = _status(cloudformation, stack)
        if told and not any(thing.name == stack.name for thing in left):
            left.append(Thing(KIND, stack.name, _why(cloudformation, stack, told)))
    return left


def _ask(cloudformation: Any, stack: Stack) -> None:
    """A custom resource whose function fails is left out the second time: what it deletes the sweeps have deleted."""
    retained = {}
    if stack.status == "DELETE_FAILED":
        failed = _failed(cloudformation, stack)
        stuck = [one["LogicalResourceId"] for one in failed if one["ResourceType"].startswith("Custom::")]
        retained = {"RetainResources": stuck} if stuck else {}
    cloudformation.delete_stack(StackName=stack.id, **retained)


def _failed(cloudformation: Any, stack: Stack) -> list[Any]:
    resources = pages(cloudformation, "list_stack_resources", "StackResourceSummaries", StackName=stack.id)
    return [one for one in resources if one["ResourceStatus"] == "DELETE_FAILED"]


def _status(cloudformation: Any, stack: Stack) -> str:
    """Return what CloudFormation says of a stack, by its id; empty when it is gone."""
    told = found(cloudformation.describe_stacks, StackName=stack.id)
    status = told["Stacks"][0]["StackStatus"] if told and told["Stacks"] else ""
    return "" if status == "DELETE_COMPLETE" else str(status)


def _why(cloudformation: Any, stack: Stack, told: str) -> str:
    reasons = [
        f"{one['LogicalResourceId']} ({one['ResourceType']}): {one.get('ResourceStatusReason', 'no reason given')}"
        for one in (_failed(cloudformation, stack) if told == "DELETE_FAILED" else [])
    ]
    return f"it is {told}{': ' if reasons else ''}{'; '.join(reasons[:3])}"
