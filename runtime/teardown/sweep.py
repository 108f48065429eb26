"""A sweep: one kind of thing that an environment owns, how they are found, and how one of them is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from runtime.teardown.owned import Owned


@dataclass(frozen=True)
class Thing:
    """One thing that an environment owns; ``left`` says why it is still there, where that is known."""

    kind: str
    name: str
    left: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}{f': {self.left}' if self.left else ''}"


@dataclass(frozen=True)
class Sweep:
    """``find`` names what is there now; ``delete`` deletes one of it, or raises BusyError when it must wait.

    Both may be called again at any time: what is gone is not found, and deleting it once more changes nothing.
    """

    kind: str
    find: Callable[[Owned], Iterable[str]]
    delete: Callable[[str], None]
