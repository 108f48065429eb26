"""How long a teardown may take: it stops in time, and whoever calls it again goes on where it stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

LOOK = 5.0
"""Seconds between two looks at what AWS is at work on."""


@dataclass(frozen=True)
class Pace:
    """``left`` says how many seconds remain; ``pause`` lets some pass."""

    left: Callable[[], float]
    pause: Callable[[float], None] = time.sleep
    look: float = LOOK

    @property
    def over(self) -> bool:
        return self.left() <= self.look

    def wait(self) -> bool:
        """Let a moment pass; returns whether there was time for it."""
        if self.over:
            return False
        self.pause(self.look)
        return True


def within(seconds: float) -> Pace:
    """Return the pace of a command that takes at most some seconds."""
    end = time.monotonic() + seconds
    return Pace(lambda: end - time.monotonic())
