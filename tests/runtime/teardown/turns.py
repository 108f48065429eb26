"""Actors that take turns at each call to AWS, in an order that a seed decides."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping

from tests.runtime.teardown.account import Account

Acts = Callable[[], object]


class Turns:
    """Runs actors in threads of which one goes on at a time; before each call another may take its turn.

    ``changed`` is (actor, call, owner) of each change, in the order in which they were made.
    """

    def __init__(self, account: Account, seed: int) -> None:
        self._account, self._chance = account, random.Random(seed)
        self._gates: dict[str, threading.Semaphore] = {}
        self._done = threading.Semaphore(0)
        self._noted = 0
        self.changed: list[tuple[str, str, str]] = []
        self.raised: dict[str, BaseException] = {}
        self.switches = 0
        self._now = ""

    def run(self, actors: Mapping[str, Acts]) -> None:
        """Return when all have come to an end, one way or another."""
        self._gates = {name: threading.Semaphore(0) for name in actors}
        threads = [threading.Thread(target=self._one, args=item, daemon=True) for item in actors.items()]
        for thread in threads:
            thread.start()
        self._account.strike = self._call
        self._next()
        self._done.acquire()
        for thread in threads:
            thread.join()
        self._account.strike = lambda *_: None

    def _one(self, name: str, acts: Acts) -> None:
        self._gates[name].acquire()
        try:
            acts()
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            self.raised[name] = error
        del self._gates[name]
        self._next()

    def _next(self) -> None:
        if not self._gates:
            self._done.release()
            return
        self._now = self._chance.choice(list(self._gates))
        self._gates[self._now].release()

    def _call(self, call: str, after: bool) -> None:
        if after:
            self.changed += [(self._now, *each) for each in self._account.touched[self._noted :]]
            self._noted = len(self._account.touched)
        elif self._chance.random() < 0.5:
            mine = self._now
            chosen = self._chance.choice(list(self._gates))
            if chosen != mine:
                self.switches += 1
                self._now = chosen
                self._gates[chosen].release()
                self._gates[mine].acquire()
        self._noted = max(self._noted, 0)
