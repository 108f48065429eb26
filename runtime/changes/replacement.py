"""Whether CloudFormation updates a resource in place or replaces it: what its type's schema says of what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runtime.changes.properties import Path, value_at
from runtime.changes.templates import references

Replaced = Literal["no", "maybe", "yes"]

_ORDER: tuple[Replaced, ...] = ("no", "maybe", "yes")


@dataclass(frozen=True)
class CreateOnly:
    """The properties of a type that cannot be changed in place: always, or only in some cases."""

    always: tuple[Path, ...] = ()
    sometimes: tuple[Path, ...] = ()


CreateOnlyOf = Callable[[str], CreateOnly | None]
"""What a resource type cannot change in place; None for a type that the schemas do not know."""


def pointer(text: str) -> Path:
    """Return a schema's pointer as a path of properties.

    >>> pointer("/properties/ImageConfig/Command")
    ('ImageConfig', 'Command')
    """
    return tuple(part for part in text.split("/")[1:] if part != "properties")


def replaced_by(paths: Iterable[Path], create_only: CreateOnly | None) -> Replaced:
    """Return whether a change of these properties replaces the resource.

    >>> replaced_by([("BucketName",)], CreateOnly(always=(("BucketName",),)))
    'yes'
    """
    found = list(paths)
    if create_only is None:
        return "maybe" if found else "no"
    return strongest(
        [
            *(_met(path, fixed, "yes") for path in found for fixed in create_only.always),
            *(_met(path, fixed, "maybe") for path in found for fixed in create_only.sometimes),
        ]
    )


def follows(resource: Mapping[str, Any], create_only: CreateOnly | None, replaced: Mapping[str, Replaced]) -> Replaced:
    """Return whether a resource is replaced because what it refers to is: the reference gets another value."""
    if create_only is None:
        return "no"
    properties = resource.get("Properties", {})
    given: list[Replaced] = []
    for fixed in (*create_only.always, *create_only.sometimes):
        known = fixed[: fixed.index("*")] if "*" in fixed else fixed
        of = strongest(replaced.get(name, "no") for name in references(value_at(properties, known)))
        given.append(of if fixed in create_only.always and known == fixed else _weaker(of))
    return strongest(given)


def strongest(given: Iterable[Replaced]) -> Replaced:
    return max(given, key=_ORDER.index, default="no")


def _weaker(given: Replaced) -> Replaced:
    return "no" if given == "no" else "maybe"


def _met(path: Path, fixed: Path, weight: Replaced) -> Replaced:
    """Whether the change at a path is one of a fixed property: a list is only known to hold it somewhere."""
    if path[: len(fixed)] == fixed:
        return weight
    return "maybe" if fixed[: len(path)] == path else "no"
