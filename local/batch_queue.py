"""Who may run now: a few at once, first come first served."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class Slots:
    """So many places; ``wake`` has every waiter look again."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._line: deque[object] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def take(self, cancelled: threading.Event) -> bool:
        """Wait for a place; False when cancelled or closed meanwhile, and then no place is held."""
        turn = object()
        with self._changed:
            self._line.append(turn)
            try:
                while not (self._free and self._line[0] is turn):
                    if cancelled.is_set() or self._closed:
                        return False
                    self._changed.wait()
                if cancelled.is_set() or self._closed:
                    return False
                self._free -= 1
                return True
            finally:
                self._line.remove(turn)
                self._changed.notify_all()

    def give_back(self) -> None:
        """Free the place that was taken."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def wait_until(self, ready: Callable[[], bool], cancelled: threading.Event) -> bool:
        """Wait for others to get ready; False when cancelled or closed meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: ready() or cancelled.is_set() or self._closed)
            return not (cancelled.is_set() or self._closed)

    def wake(self) -> None:
        """Have every waiter look again."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any longer, and nobody in."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
