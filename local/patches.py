"""Replacements of attributes and environment variables that are undone when the server closes.

moto keeps its state and its seams in modules, so a repair lasts as long as one server does, and stock behaviour is
back afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

_ABSENT = object()


class Patches:
    """What has been replaced, newest last."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def replace(self, owner: Any, name: str, value: Any) -> Any:
        """Put ``value`` at ``owner.name`` until close and return what a call there did before."""
        own = vars(owner).get(name, _ABSENT)
        original = getattr(owner, name, None)
        setattr(owner, name, value)
        self._undo.append(lambda: delattr(owner, name) if own is _ABSENT else setattr(owner, name, own))
        return original

    def item(self, mapping: Any, key: Any, value: Any) -> None:
        """Put ``value`` at ``mapping[key]`` until close."""
        own = mapping.get(key, _ABSENT)
        mapping[key] = value
        self._undo.append(lambda: mapping.pop(key, None) if own is _ABSENT else mapping.__setitem__(key, own))

    def variable(self, name: str, value: str) -> None:
        """Set an environment variable of this process until close."""
        self.item(os.environ, name, value)

    def undo(self) -> None:
        """Take everything back, newest first."""
        while self._undo:
            self._undo.pop()()
