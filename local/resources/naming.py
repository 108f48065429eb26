"""Physical names: made up within a service's limits when the template gives none, checked when it does.

moto accepts names that AWS refuses (a role of 65 characters), so they are checked here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.errors import LineError

_HASH = 8


@dataclass(frozen=True)
class Name:
    """The property that names a resource, and what the service takes for a name."""

    property: str
    longest: int = 255
    pattern: str = r"[A-Za-z0-9_-]+"
    lower: bool = False
    joiner: str = "-"
    ending: tuple[str, str] = ("", "")
    """A property, and what the name of a resource ends in that has it: ``("FifoQueue", ".fifo")``."""

    def make(self, stack: str, logical_id: str, properties: Mapping[str, Any] | None = None) -> str:
        """Return ``<stack>-<logical id>-<hash>``, cut to what fits, the same at each deployment."""
        wanted, ending = self.ending
        ending = ending if str((properties or {}).get(wanted, "")).lower() == "true" else ""
        digest = hashlib.sha256(f"{stack}/{logical_id}".encode()).hexdigest()[:_HASH]
        stem = f"{stack}-{logical_id}".replace("-", self.joiner)[: self.longest - _HASH - 1 - len(ending)]
        name = f"{stem.rstrip('-')}{self.joiner}{digest}"
        return (name.lower() if self.lower else name) + ending

    def check(self, name: str, where: str) -> None:
        """Raise LineError for a name that the service would refuse."""
        if len(name) > self.longest:
            raise LineError(
                f"{where}: {self.property} {name!r} has {len(name)} characters, expected at most {self.longest}: "
                "shorten it"
            )
        if not re.fullmatch(self.pattern, name):
            raise LineError(f"{where}: {self.property} {name!r} is not a valid name, expected {self.pattern}")
