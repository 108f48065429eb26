"""A line as a discrete-event simulation: runs arrive, wait for a place, queue at stations, end badly, deliver.

It keeps queues and places by hand and knows nothing of what looks for bottlenecks.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

from runtime.records import RunRecord, StationRecord

START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Plan:
    """A station: its mean seconds, how they vary, the share that ends well, how many it takes at a time."""

    name: str
    mean: float
    varies: str = "exponential"
    passes: float = 1.0
    places: int = 1_000_000

    def draw(self, random_: random.Random) -> float:
        if self.varies == "constant":
            return self.mean
        if self.varies == "uniform":
            return random_.uniform(0.5, 1.5) * self.mean
        return random_.expovariate(1 / self.mean)


@dataclass(frozen=True)
class Factory:
    """``every`` is the mean time between arrivals, 0 where there is always another; ``at_once`` how many runs."""

    stations: tuple[Plan, ...]
    at_once: int = 1
    every: float = 0.0
    pause: float = 0.0
    """Between two stations of a run."""

    def faster(self, name: str, by: float) -> Factory:
        return self._with(name, lambda plan: replace(plan, mean=plan.mean * (1 - by)))

    def without_halts(self, name: str) -> Factory:
        return self._with(name, lambda plan: replace(plan, passes=1.0))

    def _with(self, name: str, change: Callable[[Plan], Plan]) -> Factory:
        return replace(self, stations=tuple(change(plan) if plan.name == name else plan for plan in self.stations))


@dataclass
class _Going:
    """A run; what it takes and how it ends at each station is drawn when it begins, the same for each run of a seed."""

    number: int
    began: float
    takes: list[float]
    passes: list[bool]
    visits: list[StationRecord] = field(default_factory=list)


@dataclass
class _World:
    factory: Factory
    random_: random.Random
    now: float = 0.0
    inside: int = 0
    outside: deque[float] = field(default_factory=deque)
    agenda: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    order: itertools.count[int] = field(default_factory=itertools.count)
    records: list[RunRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.numbers = itertools.count()
        self.busy = dict.fromkeys((plan.name for plan in self.factory.stations), 0)
        self.queues: dict[str, deque[tuple[_Going, int]]] = {plan.name: deque() for plan in self.factory.stations}

        self.arrivals = random.Random(self.random_.random())

    def at(self, moment: float, what: Callable[[], None]) -> None:
        heappush(self.agenda, (moment, next(self.order), what))

    def arrive(self) -> None:
        self.outside.append(self.now)
        self.admit()
        self.at(self.now + self.arrivals.expovariate(1 / self.factory.every), self.arrive)

    def admit(self) -> None:
        always = not self.factory.every
        while self.inside < self.factory.at_once and (always or self.outside):
            if not always:
                self.outside.popleft()
            self.inside += 1
            run = _Going(
                next(self.numbers),
                self.now,
                takes=[plan.draw(self.random_) for plan in self.factory.stations],
                passes=[self.random_.random() < plan.passes for plan in self.factory.stations],
            )
            self.at(self.now + self.factory.pause, lambda run=run: self.come(run, 0))  # type: ignore[misc]

    def come(self, run: _Going, step: int) -> None:
        self.queues[self.factory.stations[step].name].append((run, step))
        self.serve(step)

    def serve(self, step: int) -> None:
        plan = self.factory.stations[step]
        while self.queues[plan.name] and self.busy[plan.name] < plan.places:
            run, _ = self.queues[plan.name].popleft()
            self.busy[plan.name] += 1
            began = self.now
            self.at(began + run.takes[step], lambda run=run, began=began: self.leave(run, step, began))  # type: ignore[misc]

    def leave(self, run: _Going, step: int, began: float) -> None:
        plan = self.factory.stations[step]
        self.busy[plan.name] -= 1
        good = run.passes[step]
        status = "succeeded" if good else "halted"
        begin, end = _moment(began), _moment(self.now)
        run.visits.append(StationRecord(plan.name, status, begin, end, (end - begin).total_seconds(), "", (), {}))
        if good and step + 1 < len(self.factory.stations):
            self.at(self.now + self.factory.pause, lambda: self.come(run, step + 1))
        else:
            self.end(run, good=good)
        self.serve(step)

    def end(self, run: _Going, *, good: bool) -> None:
        self.inside -= 1
        at = _moment(self.now)
        status, delivered = ("succeeded", at) if good else ("halted", None)
        began = _moment(run.began)
        self.records.append(
            RunRecord("simulated", f"run-{run.number}", status, began, at, None, delivered, "", tuple(run.visits))
        )
        self.admit()


def simulate(factory: Factory, *, runs: int, seed: int) -> tuple[list[RunRecord], dt.datetime]:
    """Return the records of so many runs, the oldest first, and when the last of them ended."""
    world = _World(factory, random.Random(seed))
    world.at(0.0, world.arrive if factory.every else world.admit)
    while len(world.records) < runs:
        world.now, _, what = heappop(world.agenda)
        what()
    return sorted(world.records, key=lambda record: record.started), _moment(world.now)


def rate(factory: Factory, *, runs: int, seed: int) -> float:
    """Return deliveries a second."""
    records, end = simulate(factory, runs=runs, seed=seed)
    return sum(1 for record in records if record.delivered) / (end - START).total_seconds()


def _moment(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)
