"""Deciding what IAM policies say of one action on one resource: Deny first, then Allow, then no."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["allowed", "denied", "silent"]
"""``denied`` is an explicit Deny; ``silent`` means that no statement speaks of it, which refuses it, too."""

Context = Mapping[str, str | list[str]]
"""Condition keys in lower case."""


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, its texts compiled when first matched."""

    effect: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    condition: Mapping[str, Mapping[str, Any]]
    principal: Any = None
    source: str = ""
    """The policy that it stands in."""

    def speaks_of(self, action: str, resource: str | None, context: Context) -> bool:
        """Tell whether the statement applies; without a resource, the action alone is compared."""
        if self.actions and not matches_any(self.actions, action, ignore_case=True):
            return False
        if self.not_actions and matches_any(self.not_actions, action, ignore_case=True):
            return False
        if resource is not None:
            ignore_case = ":sagemaker:" in resource  # SageMaker writes names in ARNs in lower case
            if self.resources and not matches_any(self.resources, resource, ignore_case=ignore_case):
                return False
            if self.not_resources and matches_any(self.not_resources, resource, ignore_case=ignore_case):
                return False
        return holds(self.condition, context)


def statements(document: str | Mapping[str, Any], source: str = "") -> list[Statement]:
    """Return the statements of a policy document."""
    body = json.loads(document) if isinstance(document, str) else document
    return [
        Statement(
            effect=entry["Effect"],
            actions=_texts(entry.get("Action")),
            not_actions=_texts(entry.get("NotAction")),
            resources=_texts(entry.get("Resource")),
            not_resources=_texts(entry.get("NotResource")),
            condition=entry.get("Condition") or {},
            principal=entry.get("Principal"),
            source=source,
        )
        for entry in _listed(body.get("Statement", []))
    ]


def decide(policies: Iterable[Statement], action: str, resource: str | None, context: Context) -> Verdict:
    """Return what a set of statements says."""
    verdict: Verdict = "silent"
    for statement in policies:
        if statement.speaks_of(action, resource, context):
            if statement.effect == "Deny":
                return "denied"
            verdict = "allowed"
    return verdict


def matches_any(patterns: Iterable[str], text: str, *, ignore_case: bool = False) -> bool:
    """Tell whether any pattern, in which ``*`` and ``?`` are wildcards, matches the whole text."""
    return any(_compiled(pattern, ignore_case).fullmatch(text) for pattern in patterns)


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    translated = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile(translated, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def holds(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Tell whether every operator of a Condition block holds."""
    return all(
        _operator_holds(operator, key, wanted, context)
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _operator_holds(operator: str, key: str, wanted: Any, context: Context) -> bool:
    quantifier, _, name = operator.rpartition(":")
    optional = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    have = context.get(key.lower())
    wants = [str(item).lower() if isinstance(item, bool) else str(item) for item in _listed(wanted)]
    if name == "Null":
        return (have is None) == (wants[0].lower() == "true")
    negated = "Not" in name
    if have is None:
        return optional or negated or quantifier == "ForAllValues"
    test = _TESTS.get(name.replace("Not", "", 1) if negated else name)
    if test is None:
        return False  # an operator that is not known never holds: too little is allowed rather than too much
    values = [have] if isinstance(have, str) else have
    if negated:
        return not any(test(value, want) for value in values for want in wants)
    enough = all if quantifier == "ForAllValues" else any
    return enough(any(test(value, want) for want in wants) for value in values)


def _like(value: str, want: str) -> bool:
    return matches_any([want], value)


def _numeric(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda value, want: compare(float(value), float(want))


def _moment(compare: Callable[[dt.datetime, dt.datetime], bool]) -> Callable[[str, str], bool]:
    return lambda value, want: compare(_instant(value), _instant(want))


def _instant(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda value, want: value.lower() == want.lower(),
    "DateGreaterThan": _moment(lambda value, want: value > want),
    "DateLessThan": _moment(lambda value, want: value < want),
    "IpAddress": lambda value, want: ipaddress.ip_address(value) in ipaddress.ip_network(want, strict=False),
    "NumericEquals": _numeric(lambda value, want: value == want),
    "NumericGreaterThan": _numeric(lambda value, want: value > want),
    "NumericGreaterThanEquals": _numeric(lambda value, want: value >= want),
    "NumericLessThan": _numeric(lambda value, want: value < want),
    "NumericLessThanEquals": _numeric(lambda value, want: value <= want),
    "StringEquals": lambda value, want: value == want,
    "StringEqualsIgnoreCase": lambda value, want: value.lower() == want.lower(),
    "StringLike": _like,
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: Any) -> tuple[str, ...]:
    return () if value is None else tuple(_listed(value))
