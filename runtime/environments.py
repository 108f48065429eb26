"""The environments that an account holds: whose each is, when it was last deployed, and when a branch's expires.

An environment is known by the tags of its stacks. A branch's expires some days after its last deploy; `line env extend`
may put that off, in a parameter beside the stacks. Nothing of this stands in a template or a tag, since it moves:
a tag that changes replaces what cannot change its own, such as a Batch queue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config import tags
from config.branch import Branch
from config.errors import LineError

OWNER, TTL_DAYS = "Owner", "TtlDays"
"""Outputs of a branch's foundation."""

FOLDER = "/assembly-line/environments/"


@dataclass(frozen=True)
class Stack:
    """One of an environment's stacks, as CloudFormation describes it; the moments are UTC."""

    name: str
    status: str
    created: dt.datetime
    changed: dt.datetime


@dataclass(frozen=True)
class Standing:
    """An environment of which at least one stack stands, whatever its state."""

    name: str
    protected: bool
    ref: str
    owner: str
    ttl_days: int
    stacks: tuple[Stack, ...]
    extended: dt.datetime | None = None

    @property
    def created(self) -> dt.datetime:
        """When its oldest stack was made."""
        return min(stack.created for stack in self.stacks)

    @property
    def deployed(self) -> dt.datetime:
        """When a deploy last changed one of its stacks."""
        return max(stack.changed for stack in self.stacks)

    @property
    def expires(self) -> dt.datetime | None:
        """From when on it may be torn down; None for one that stands for good."""
        if self.protected:
            return None
        own = self.deployed + dt.timedelta(days=self.ttl_days)
        return own if self.extended is None else max(own, self.extended)


def standing(cloudformation: Any, ssm: Any) -> list[Standing]:
    """Return every environment of the account and region, by name; without ``ssm`` as if none had been extended."""
    extended = dict(_extensions(ssm)) if ssm is not None else {}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            told = _tags(stack)
            if told.get(tags.PROJECT) == tags.PROJECT_VALUE and told.get(tags.ENVIRONMENT):
                found.setdefault(told[tags.ENVIRONMENT], []).append(stack)
    return [_standing(name, stacks, extended.get(name)) for name, stacks in sorted(found.items())]


def extend(ssm: Any, name: str, until: dt.datetime) -> None:
    """Let a branch's environment live until a moment (UTC), beyond what its last deploy gave it."""
    key, value = f"{FOLDER}{name}/{tags.EXPIRES}", written(until)
    ssm.put_parameter(Name=key, Value=value, Type="String", Overwrite=True)
    own = {tags.PROJECT: tags.PROJECT_VALUE, tags.ENVIRONMENT: name}
    ssm.add_tags_to_resource(
        ResourceType="Parameter", ResourceId=key, Tags=[{"Key": k, "Value": v} for k, v in own.items()]
    )


def written(moment: dt.datetime) -> str:
    """Return a moment as it is kept and shown.

    >>> written(dt.datetime(2026, 12, 4, tzinfo=dt.UTC))
    '2026-12-04T00:00:00Z'
    """
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _extensions(ssm: Any) -> Iterator[tuple[str, dt.datetime]]:
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=FOLDER, Recursive=True)
    for page in pages:
        for parameter in page["Parameters"]:
            name, _, last = parameter["Name"].removeprefix(FOLDER).partition("/")
            if last == tags.EXPIRES:
                yield name, _moment(parameter["Name"], parameter["Value"])


def _moment(key: str, value: str) -> dt.datetime:
    try:
        return dt.datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        raise LineError(
            f"parameter {key} is {value!r}, expected a moment such as 2026-12-04T00:00:00Z: "
            "write it with `line env extend`"
        ) from None


def _standing(name: str, stacks: list[Mapping[str, Any]], extended: dt.datetime | None) -> Standing:
    told: dict[str, str] = {}
    outputs: dict[str, str] = {}
    for stack in stacks:
        told |= _tags(stack)
        outputs |= {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
    ttl = outputs.get(TTL_DAYS, "")
    return Standing(
        name=name,
        protected=tags.REF not in told or tags.PROTECTED in told,
        ref=_decoded(told.get(tags.REF, "")),
        owner=outputs.get(OWNER, "unknown"),
        ttl_days=int(ttl) if ttl.isdecimal() else Branch().ttl_days,
        stacks=tuple(_stack(stack) for stack in sorted(stacks, key=lambda stack: str(stack["StackName"]))),
        extended=extended,
    )


def _decoded(value: str) -> str:
    """Return the ref; a tag that somebody wrote by hand as it is, from which no id of this environment comes."""
    try:
        return tags.decoded(value)
    except ValueError:
        return value


def _stack(told: Mapping[str, Any]) -> Stack:
    return Stack(
        name=told["StackName"],
        status=told["StackStatus"],
        created=told["CreationTime"],
        changed=told.get("LastUpdatedTime") or told["CreationTime"],
    )


def _tags(stack: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
