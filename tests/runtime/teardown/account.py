"""A small AWS in memory for teardowns: stacks with their resources, and what runs and services make beside them.

It deletes as AWS does: a bucket that is not empty, a network with interfaces, a group with packages or an export in use
make a deletion fail; a busy endpoint is not deleted; a stack is named by its id. Each call may be struck; each that
changes anything is noted with the environment that owns what it changed.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from botocore.exceptions import ClientError

ACCOUNT, REGION = "123456789012", "us-east-1"
KEPT = {"AWS::KMS::Key": "key", "AWS::S3::Bucket": "bucket", "AWS::DynamoDB::Table": "table"}


class CrashError(Exception):
    """The process died."""


@dataclass
class Thing:
    """Something of a kind with a name; ``owner`` is the environment that it is of."""

    owner: str
    tags: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


class Things(dict[tuple[str, str], Thing]):
    """(kind, name) -> thing; ``by_kind`` is kind -> name -> thing."""

    def __init__(self) -> None:
        super().__init__()
        self.by_kind: dict[str, dict[str, Thing]] = {}

    def __setitem__(self, place: tuple[str, str], thing: Thing) -> None:
        super().__setitem__(place, thing)
        self.by_kind.setdefault(place[0], {})[place[1]] = thing

    def __delitem__(self, place: tuple[str, str]) -> None:
        super().__delitem__(place)
        del self.by_kind[place[0]][place[1]]


@dataclass
class StackOf:
    id: str
    name: str
    tags: dict[str, str]
    status: str = "CREATE_COMPLETE"
    protected: bool = False
    resources: list[dict[str, Any]] = field(default_factory=list)
    changed: dt.datetime = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    outputs: dict[str, str] = field(default_factory=dict)
    doomed: bool = False
    retained: tuple[str, ...] = ()


def refuse(code: str, message: str = "") -> NoReturn:
    raise ClientError({"Error": {"Code": code, "Message": message}}, "")


@dataclass
class Account:
    """The state, and a clock: each ``tick`` lets what is in progress come one step further."""

    things: Things = field(default_factory=Things)
    stacks: list[StackOf] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    touched: list[tuple[str, str]] = field(default_factory=list)
    """(call, owner) of each change."""
    strike: Callable[[str, bool], None] = lambda *_: None
    """Hears each call before (False) and after (True) its effect, and may raise."""
    heard: Callable[[str, str, dict[str, Any], dict[str, Any]], None] = lambda *_: None
    """Hears service, operation, parameters and answer of each call."""
    broken_functions: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def number(self) -> int:
        return next(self._numbers)

    def add(self, kind: str, name: str, owner: str, tags: dict[str, str] | None = None, **facts: Any) -> str:
        self.things[kind, name] = Thing(owner, tags or {}, facts)
        return name

    def has(self, kind: str, name: str, code: str = "ResourceNotFoundException") -> Thing:
        found = self.things.get((kind, name))
        if found is None:
            refuse(code, f"{kind} {name} does not exist")
        return found

    def named(self, kind: str, start: str = "") -> list[str]:
        return [name for name in self.things.by_kind.get(kind, ()) if name.startswith(start)]

    def within(self, kind: str, **facts: Any) -> list[str]:
        """Return the names of the things of a kind that have some facts."""
        return [
            name
            for name, thing in self.things.by_kind.get(kind, {}).items()
            if all(thing.facts.get(key) == value for key, value in facts.items())
        ]

    def change(self, call: str, kind: str, name: str, code: str = "ResourceNotFoundException") -> Thing:
        """Note who owns what a call changes; returns it."""
        found = self.has(kind, name, code)
        self.touched.append((call, found.owner))
        return found

    def drop(self, call: str, kind: str, name: str, code: str = "ResourceNotFoundException") -> None:
        self.change(call, kind, name, code)
        del self.things[kind, name]

    def of(self, owner: str) -> list[str]:
        """Return all that is left of an environment; a key that waits for its deletion is gone."""
        left = [
            f"{kind} {name}"
            for (kind, name), thing in self.things.items()
            if thing.owner == owner and thing.facts.get("state") not in ("PendingDeletion", "STOPPED")
        ]
        return left + [f"stack {one.name} {one.status}" for one in self._live(owner)]

    def _live(self, owner: str) -> list[StackOf]:
        return [one for one in self.stacks if one.status != "DELETE_COMPLETE" and one.tags["environment"] == owner]

    def stack(self, given: str) -> StackOf:
        """Return a stack by its id, or the live one of a name."""
        for one in self.stacks:
            if given == one.id or (given == one.name and one.status != "DELETE_COMPLETE"):
                return one
        refuse("ValidationError", f"Stack with id {given} does not exist")

    def tick(self, _: float = 0) -> None:
        """Let time pass: endpoints come into service, deletions and deployments come to an end."""
        for thing in self.things.by_kind.get("endpoint", {}).values():
            if thing.facts["status"] in ("Creating", "Updating"):
                thing.facts["status"] = "InService"
        for one in self.stacks:
            if one.doomed:
                self._delete(one)
            elif one.status == "UPDATE_IN_PROGRESS":
                one.status = "UPDATE_COMPLETE"
            elif one.status == "CREATE_IN_PROGRESS":
                one.status = "CREATE_COMPLETE"

    def _delete(self, stack: StackOf) -> None:
        stack.doomed = False
        owner = stack.tags["environment"]
        if stack.name.endswith("-Foundation") and len(self._live(owner)) > 1:
            stack.status = "DELETE_FAILED"  # its exports are in use
            return
        for one in reversed(stack.resources):
            if one["ResourceStatus"] in ("DELETE_COMPLETE", "DELETE_SKIPPED"):
                continue
            why = self._blocked(one)
            if one["LogicalResourceId"] in stack.retained or one.get("Retain"):
                one["ResourceStatus"] = "DELETE_SKIPPED"
            elif why:
                one["ResourceStatus"], one["ResourceStatusReason"] = "DELETE_FAILED", why
            else:
                self._take_away(one)
                one["ResourceStatus"] = "DELETE_COMPLETE"
        failed = any(one["ResourceStatus"] == "DELETE_FAILED" for one in stack.resources)
        stack.status = "DELETE_FAILED" if failed else "DELETE_COMPLETE"

    def _blocked(self, one: dict[str, Any]) -> str:
        type_, name = one["ResourceType"], one["PhysicalResourceId"]
        if type_ == "AWS::S3::Bucket" and (self.within("object", bucket=name) or self.within("upload", bucket=name)):
            return "The bucket you tried to delete is not empty"
        if type_ == "AWS::EC2::VPC" and self.within("interface", vpc=name):
            return "The vpc has dependencies and cannot be deleted"
        if type_ == "AWS::SageMaker::ModelPackageGroup" and self.within("package", group=name):
            return "Model package group is not empty"
        return "the function failed" if type_.startswith("Custom::") and self.broken_functions else ""

    def _take_away(self, one: dict[str, Any]) -> None:
        kind, name = one["Kind"], one["PhysicalResourceId"]
        if kind == "key":
            self.things[kind, name].facts["state"] = "PendingDeletion"
            return
        if (kind, name) in self.things:
            del self.things[kind, name]
        inside = {"machine": "execution", "job": "jobrun", "database": "gluetable"}.get(kind, "")
        for each in self.within(inside, **{kind: name}):  # AWS ends and deletes these with it
            del self.things[inside, each]
