"""The teardown of an environment: everything that it owns, in any state, however often it is asked for.

An attempt reads anew what is there, so it begins where the last one stopped; nothing is remembered between two.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from config.errors import LineError
from runtime.teardown import contents, remains, running, served, stacks, tagged
from runtime.teardown.gone import BusyError, StuckError
from runtime.teardown.guard import check, check_name
from runtime.teardown.owned import Clients, Owned, Stack, live, read
from runtime.teardown.pace import Pace
from runtime.teardown.sweep import Sweep, Thing

ATTEMPTS = 3

Tell = Callable[[str, Thing], None]
"""Hears ``deleting``, ``left`` and the thing."""


@dataclass
class Report:
    """What became of an environment; it is gone when nothing is ``left``."""

    environment: str
    removed: list[Thing] = field(default_factory=list)
    left: list[Thing] = field(default_factory=list)

    @property
    def existed(self) -> bool:
        return bool(self.removed or self.left)


def plan(clients: Clients, owned: Owned) -> list[Thing]:
    """Return what would be removed: the stacks, and what stacks do not own."""
    pace = Pace(lambda: 0.0)
    things = [Thing(stacks.KIND, stack.name) for stack in owned.deployed]
    return things + [Thing(one.kind, name) for one in _all(clients, pace) for name in one.find(owned)]


def destroy(
    clients: Clients,
    environment: str,
    *,
    standing: Collection[str],
    pace: Pace,
    tell: Tell = lambda *_: None,
    agreed: Callable[[Owned], None] = lambda _: None,
) -> Report:
    """Remove an environment and say what was removed and what is left, and why.

    Refuses (RefusedError) what is no branch's environment or carries anything that says so, and stops (LineError) when
    the environment is deployed anew meanwhile. ``agreed`` sees what is there before anything is touched, and may raise.
    """
    check_name(environment, standing)
    report = Report(environment)
    known: set[str] | None = None
    owned = Owned(environment)
    for _ in range(ATTEMPTS):
        owned = read(clients, environment).remembering(owned)
        check(owned, standing)
        agreed(owned)
        known = known if known is not None else {stack.id for stack in owned.stacks}
        attempt = _Attempt(clients, owned, known, pace, tell, report)
        report.left = attempt.run()
        owned = attempt.owned
        if not report.left or pace.over:
            break
    return report


@dataclass
class _Attempt:
    clients: Clients
    owned: Owned
    known: set[str]
    pace: Pace
    tell: Tell
    report: Report

    def run(self) -> list[Thing]:
        """Take each step and return what is left of the environment.

        What is left after a step ends the attempt: a stack is what tells whose the things of earlier steps are.
        """
        steps: tuple[Callable[[], list[Thing]], ...] = (
            lambda: stacks.settle(self.clients("cloudformation"), self.owned.deployed, self.pace),
            lambda: self._sweep(
                [*running.sweeps(self.clients), *served.sweeps(self.clients), remains.log_groups(self.clients)]
            ),
            lambda: self._delete(stacks.of_lines(self.owned)),
            lambda: self._sweep([*contents.sweeps(self.clients, self.pace), remains.log_groups(self.clients)]),
            lambda: self._delete(stacks.of_foundation(self.owned)),
            lambda: self._sweep([*remains.sweeps(self.clients), *tagged.sweeps(self.clients)]),
            self._last_look,
        )
        for step in steps:
            if left := step():
                return left
        return []

    def _last_look(self) -> list[Thing]:
        """Whatever is there now although every deletion went well."""
        found = read(self.clients, self.owned.id).remembering(self.owned)
        return [Thing(stacks.KIND, one.name, f"it is {one.status}") for one in found.deployed] + [
            Thing(one.kind, name, "it is still there")
            for one in _all(self.clients, self.pace)
            for name in one.find(found)
        ]

    def _sweep(self, sweeps: Iterable[Sweep]) -> list[Thing]:
        left = []
        for sweep in sweeps:
            try:
                names = list(sweep.find(self.owned))
            except (ClientError, BotoCoreError) as error:
                left.append(Thing(sweep.kind, f"of environment {self.owned.id}", f"cannot be listed: {error}"))
                continue
            if names:
                self._not_deployed_anew()
            left += [thing for name in names if (thing := self._delete_one(sweep, name)) is not None]
        return left

    def _delete_one(self, sweep: Sweep, name: str) -> Thing | None:
        """Delete one thing, waiting while it is busy; returns it when it is left."""
        thing = Thing(sweep.kind, name)
        self.tell("deleting", thing)
        while True:
            try:
                sweep.delete(name)
            except BusyError as busy:
                if self.pace.wait():
                    continue
                thing = Thing(sweep.kind, name, f"{busy}: destroy the environment again later")
            except (ClientError, BotoCoreError, StuckError) as error:
                thing = Thing(sweep.kind, name, str(error))
            else:
                self.report.removed.append(thing)
                return None
            self.tell("left", thing)
            return thing

    def _delete(self, doomed: list[Stack]) -> list[Thing]:
        if not doomed:
            return []
        self._not_deployed_anew()
        for stack in doomed:
            self.tell("deleting", Thing(stacks.KIND, stack.name))
        left = stacks.delete(self.clients("cloudformation"), doomed, self.pace)
        names = {thing.name for thing in left}
        self.report.removed += [Thing(stacks.KIND, one.name) for one in doomed if one.name not in names]
        for thing in left:
            self.tell("left", thing)
        self._look_again()
        return left

    def _look_again(self) -> None:
        self.owned = read(self.clients, self.owned.id).remembering(self.owned)

    def _not_deployed_anew(self) -> None:
        """Whoever deploys an environment while it is destroyed gets it: what is new is nobody's to destroy."""
        anew = [one.name for one in live(self.clients("cloudformation"), self.owned.id) if one.id not in self.known]
        if anew:
            raise LineError(
                f"environment {self.owned.id!r} is being deployed anew ({', '.join(anew)}) while it is destroyed: "
                "let that end, and destroy it again if it is to go"
            )


def _all(clients: Clients, pace: Pace) -> list[Sweep]:
    """Return every sweep, in the order in which they are used."""
    return [
        *running.sweeps(clients),
        *served.sweeps(clients),
        *contents.sweeps(clients, pace),
        *remains.sweeps(clients),
        *tagged.sweeps(clients),
    ]
