"""Where privileges grow: what may be done after a change that could not be done before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from runtime.changes.grants import Grant, grants
from runtime.changes.resources import Change
from runtime.changes.templates import Template, resources


@dataclass(frozen=True)
class Growth:
    """A right that comes or a barrier that goes; ``wide`` where anyone, anything or any action is meant."""

    stack: str
    grant: Grant
    wide: bool
    new: bool
    """Whether its holder is new, too."""


def growth(stack: str, before: Template, after: Template, found: Iterable[Change]) -> list[Growth]:
    """Return what grows in one stack: rights that nothing covered before, barriers that nothing covers any more."""
    old, now = grants(before), grants(after)
    came = _uncovered({one for one in now if one.effect == "right"}, {one for one in old if one.effect == "right"})
    added = {change.logical_id for change in found if change.kind == "added"}
    left = set(resources(after))
    went = _uncovered(
        {one for one in old if one.effect == "barrier" and one.holder in left},
        {one for one in now if one.effect == "barrier"},
    )
    return [
        Growth(stack, grant, wide=_wide(grant), new=grant.holder in added)
        for grant in sorted(came + went, key=lambda one: (one.holder, one.effect, one.action, one.on, one.principal))
    ]


def _uncovered(wanted: set[Grant], given: set[Grant]) -> list[Grant]:
    by_holder: dict[str, list[Grant]] = {}
    for grant in given:
        by_holder.setdefault(grant.holder, []).append(grant)
    return [
        grant for grant in wanted - given if not any(_covers(other, grant) for other in by_holder.get(grant.holder, []))
    ]


def _covers(wider: Grant, grant: Grant) -> bool:
    """Whether all that one grant says of its holder is said by another: same or wider in each part."""
    return (
        _matches(wider.action, grant.action, ignore_case=True)
        and _matches(wider.on, grant.on)
        and wider.principal in (grant.principal, "*")
        and wider.condition in (grant.condition, "")
        and bool(wider.principal) == bool(grant.principal)
    )


def _matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    if pattern == text:
        return True
    if pattern.startswith("!") or text.startswith("!"):
        return False
    return _compiled(pattern, ignore_case).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    # a ? of the text is one letter of any kind, so a ? of the pattern covers it, as a * does; no literal covers a *
    translated = "".join(".*" if c == "*" else "[^*]" if c == "?" else re.escape(c) for c in pattern)
    return re.compile(translated, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _wide(grant: Grant) -> bool:
    if grant.effect == "barrier":
        return True
    public = grant.principal in ("*", "0.0.0.0/0", "::/0") or grant.principal.startswith("!")
    opened = grant.action.startswith("!") or grant.on.startswith("!") or grant.action.endswith("*")
    return public or opened or (grant.on == "*" and not grant.principal)
