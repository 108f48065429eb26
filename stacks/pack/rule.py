"""A rule of our own pack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from stacks.pack.world import Resource, World

NAME = "AssemblyLine"

Fault = tuple[Resource, str]
"""A resource that breaks a rule, and where in it: a state, a variable, a statement (or nothing)."""


@dataclass(frozen=True)
class Rule:
    """What must hold, what to do where it does not, and how it is found."""

    id: str
    says: str
    mend: str
    finds: Callable[[World], Iterable[Fault | Resource]]

    @property
    def name(self) -> str:
        return f"{NAME}-{self.id}"

    def faults(self, world: World) -> Iterator[Fault]:
        """Yield each resource that breaks the rule."""
        for found in self.finds(world):
            yield found if isinstance(found, tuple) else (found, "")
