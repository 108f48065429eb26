"""Work that the server does behind its answers: deliveries of events, functions that nobody waits for."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import Any


class Background:
    """Counts what is under way, so that whoever needs the effects of it can wait for them.

    >>> Background().settle(seconds=1)
    True
    """

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def add(self, work: Future[Any]) -> None:
        """Count a piece of work until it is done. What it sets off must be added before it ends."""
        with self._changed:
            self._count += 1
        work.add_done_callback(self._done)

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is under way; False when something still is after so many seconds."""
        deadline = time.monotonic() + seconds
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, timeout=max(deadline - time.monotonic(), 0))

    def _done(self, _: Future[Any]) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()
