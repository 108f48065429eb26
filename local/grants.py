"""Least privilege with its evidence: each grant of a role, how often it was used, and why where it was not.

A grant is an action that the templates give to a role. What a run does not use has its reason in ``grants.yaml``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from config.strict import Strict

if TYPE_CHECKING:
    from local.server import EmbeddedAws

TABLE = Path(__file__).with_name("grants.yaml")

_HASH = re.compile(r"[0-9A-F]{8}$")


class Reason(Strict):
    """One row of the table: actions that some roles may have without using them in a run, and why."""

    roles: list[str]
    actions: list[str]
    why: str

    def covers(self, role: str, action: str) -> bool:
        return _any(role, self.roles) and _any(action, self.actions)


@dataclass(frozen=True)
class Grant:
    """An action that a role was given, how often it was allowed, and the reason for which it need not be."""

    stack: str
    role: str
    action: str
    used: int
    why: str = ""

    @property
    def explained(self) -> bool:
        return self.used > 0 or bool(self.why)


@lru_cache
def reasons() -> tuple[Reason, ...]:
    """Return the rows of the table."""
    return tuple(Reason.model_validate(row) for row in yaml.safe_load(TABLE.read_text(encoding="utf-8")))


def why(role: str, action: str, rows: Iterable[Reason] | None = None) -> str:
    """Return why a role has an action that a run does not use, or nothing."""
    return next((row.why for row in (reasons() if rows is None else rows) if row.covers(role, action)), "")


def named(logical_id: str) -> str:
    """Return a role's name in the template without what CDK adds to keep it apart: ``ReleaseGateHandlerRole``."""
    return _HASH.sub("", logical_id)


def grants(aws: EmbeddedAws) -> list[Grant]:
    """Return every grant of every role that was deployed, by stack, role and action."""
    used: Counter[tuple[str, str]] = Counter()
    for decision, count in aws.authorizer.decisions():
        if decision.allowed:
            used[decision.role, decision.action.lower()] += count
    roles = {
        one.physical_id: (one.stack, named(one.logical_id))
        for deployment in aws.deployments
        for one in deployment.resources
        if one.type == "AWS::IAM::Role"
    }
    return sorted(
        (
            Grant(stack, role, action, used[name, action.lower()], why(role, action))
            for name, (stack, role) in roles.items()
            for action in {action for said in aws.authorizer.granted(name) for action in said.actions}
        ),
        key=lambda grant: (grant.stack, grant.role, grant.action),
    )


def _any(text: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
