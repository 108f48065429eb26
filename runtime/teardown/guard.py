"""Which environments may be torn down: those of branches, whose ref, tags and id agree. All others are refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from config import tags
from config.branches import environment_id, is_branch_id
from config.errors import LineError
from runtime.teardown.owned import Owned

_BY_HAND = "look who made it, and remove by hand what is to go"


class RefusedError(LineError):
    """An environment that must not be torn down; says why."""


def check_name(environment: str, standing: Collection[str]) -> None:
    """Refuse a name that no branch's environment has, before anything is read."""
    if environment in standing or not is_branch_id(environment):
        known = f" ({', '.join(sorted(standing))})" if standing else ""
        raise RefusedError(
            f"environment {environment!r} is not a branch's, expected an id that ends in a branch's hash: the standing "
            f"ones{known} are protected; one of them goes with `cdk destroy -c env=<name>` "
            "alone, once `line env workbench <name> --clear` has emptied its workbench"
        )


def check(owned: Owned, standing: Collection[str]) -> None:
    """Refuse an environment that is protected, or of which anything says that it is another's."""
    check_name(owned.id, standing)
    for what, found in _carriers(owned):
        if found.get(tags.PROTECTED, "false").lower() != "false":
            raise RefusedError(f"environment {owned.id!r}: {what} carries the tag {tags.PROTECTED}: {_BY_HAND}")
        if found.get(tags.ENVIRONMENT, owned.id) != owned.id:
            raise RefusedError(
                f"environment {owned.id!r}: {what} carries the tag "
                f"{tags.ENVIRONMENT}={found[tags.ENVIRONMENT]}: {_BY_HAND}"
            )
        if tags.REF in found and _id_of(found[tags.REF]) != owned.id:
            raise RefusedError(
                f"environment {owned.id!r}: {what} carries the tag {tags.REF}={found[tags.REF]}, of which the id is "
                f"{_id_of(found[tags.REF]) or 'none'}: {_BY_HAND}"
            )
    for stack in owned.deployed:
        if stack.protected:
            raise RefusedError(
                f"environment {owned.id!r}: stack {stack.name} has termination protection: turn it off first, if it "
                "really is to go"
            )
        for needed in (tags.ENVIRONMENT, tags.REF):
            if needed not in stack.tags:
                raise RefusedError(f"environment {owned.id!r}: stack {stack.name} has no tag {needed}: {_BY_HAND}")


def _carriers(owned: Owned) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield from ((f"stack {stack.name}", stack.tags) for stack in owned.deployed)
    yield from owned.tagged.items()


def _id_of(ref: str) -> str:
    try:
        return environment_id(tags.decoded(ref))
    except (LineError, ValueError):
        return ""
