"""The innovation journey: from an idea that is committed to the environment in which it serves, in DORA's figures.

A *change* is a deploy of the environment. It failed when the deploy did, or when an alarm began after it, before the
next one and within a day. Alarms of drift, quality and performance tell of the world rather than of a change: they do
not count.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from runtime.chronicle import Alarm
from runtime.records import Deploy
from runtime.throughput.spread import Spread, spread

BLAMED = dt.timedelta(days=1)
"""How long after a change an alarm counts as its doing."""
_OF_THE_WORLD = re.compile(r"(Drift|Quality|Performance|Line)Alarm")
"""Alarms that follow what the world sends, and the one that rings with any other of its line."""
_WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Incident:
    """An alarm from when it rang until it was well again; ``restored`` is None while it rings."""

    name: str
    at: dt.datetime
    restored: dt.datetime | None


@dataclass(frozen=True)
class Branch:
    """A branch of the repository that is not merged: ``ahead`` commits, ``first`` and ``last`` when they were made."""

    name: str
    ahead: int
    first: dt.datetime
    last: dt.datetime


@dataclass(frozen=True)
class Step:
    """What ideas took from one place to the next, and how many wait between them, the oldest for how long."""

    before: str
    after: str
    took: Spread
    waiting: int
    oldest_seconds: float


@dataclass(frozen=True)
class Change:
    """A week from a Monday on, in UTC: its changes, and how many of them failed."""

    monday: dt.date
    changes: int
    failed: int


@dataclass(frozen=True)
class InnovationJourney:
    """The figures of an environment's deploys from ``first`` on, before ``last``; shares are None without a change."""

    environment: str
    first: dt.datetime
    last: dt.datetime
    changes: int
    failed_deploys: int
    failed: int
    """Changes that failed: failed deploys, and those after which an alarm rang."""
    failure_rate: float | None
    per_week: float
    """Deploys that succeeded."""
    commits: int
    """Commits that came into the environment in the range."""
    lead: Spread
    """From a commit's writing to the first deploy that brought it into the environment."""
    restore: Spread
    """From a failed change until it was well again: the alarm ended, or the next deploy succeeded."""
    unrestored: int
    steps: list[Step]
    slowest: str | None
    """The step in which ideas wait longest, by its median."""
    weeks: list[Change]
    branches: list[Branch]
    unreadable: dict[str, str]
    """Environments that could not be read, and why."""


def incidents(alarms: Iterable[Alarm]) -> list[Incident]:
    """Return what rang, by when it began, from changes of state in any order.

    Alarms that tell of the world are left out. A state between (``INSUFFICIENT_DATA``) neither begins nor ends one.
    """
    ringing: dict[str, dt.datetime] = {}
    found: list[Incident] = []
    for one in sorted(alarms, key=lambda alarm: alarm.at):
        if _OF_THE_WORLD.search(one.name):
            continue
        if one.state == "ALARM":
            ringing.setdefault(one.name, one.at)
        elif one.state == "OK" and one.name in ringing:
            found.append(Incident(one.name, ringing.pop(one.name), one.at))
    found += [Incident(name, at, None) for name, at in ringing.items()]
    return sorted(found, key=lambda incident: incident.at)


def innovation(
    deploys: Mapping[str, Iterable[Deploy]],
    happened: Sequence[Incident] = (),
    *,
    now: dt.datetime,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    branches: Sequence[Branch] = (),
    unreadable: Mapping[str, str] | None = None,
) -> InnovationJourney:
    """Return the journey to the last environment of ``deploys``, through the others, in their order.

    ``happened`` are the incidents of the last environment. Every figure is of the range, but that a commit may have
    come into an earlier environment before it.
    """
    known = {name: sorted(each, key=lambda deploy: (deploy.at, deploy.id)) for name, each in deploys.items()}
    environment = list(known)[-1]
    last = min(until, now) if until else now
    own = [deploy for deploy in known[environment] if (not since or deploy.at >= since) and deploy.at < last]
    first = since or (own[0].at if own else last)
    good = [deploy for deploy in own if deploy.status == "succeeded"]
    blamed = _blamed(good, happened)
    failed = [deploy for deploy in own if deploy.status != "succeeded" or deploy.id in blamed]
    restored = _restored(own, blamed)
    came = _first_in(known[environment])
    commits = [one for deploy in good for one in deploy.commits if came.get(one.commit) == deploy.at]
    written = {one.commit: one.authored for one in commits}
    steps = _steps(known, last, since)
    asked = [step for step in steps if step.took.median is not None]
    seconds = (last - first).total_seconds()
    return InnovationJourney(
        environment=environment,
        first=first,
        last=last,
        changes=len(own),
        failed_deploys=sum(1 for deploy in own if deploy.status != "succeeded"),
        failed=len(failed),
        failure_rate=len(failed) / len(own) if own else None,
        per_week=len(good) / seconds * _WEEK.total_seconds() if seconds > 0 else 0.0,
        commits=len(written),
        lead=_spread([came[commit] - authored for commit, authored in written.items()]),
        restore=_spread([took for took in restored if took is not None]),
        unrestored=sum(1 for took in restored if took is None),
        steps=steps,
        slowest=_named(max(asked, key=lambda step: step.took.median or 0.0)) if asked else None,
        weeks=_weeks(own, {deploy.id for deploy in failed}),
        branches=sorted(branches, key=lambda branch: branch.last, reverse=True),
        unreadable=dict(unreadable or {}),
    )


def _named(step: Step) -> str:
    return f"{step.before} → {step.after}"


def _first_in(deploys: Iterable[Deploy]) -> dict[str, dt.datetime]:
    """Return when each commit first came into an environment."""
    found: dict[str, dt.datetime] = {}
    for deploy in deploys:
        for one in deploy.commits if deploy.status == "succeeded" else ():
            found.setdefault(one.commit, deploy.at)
    return found


def _blamed(good: Sequence[Deploy], happened: Sequence[Incident]) -> dict[str, list[Incident]]:
    """Return the incidents that each change brought: the newest change before one did, if it is not a day old."""
    found: dict[str, list[Incident]] = {}
    for incident in happened:
        before = [deploy for deploy in good if deploy.at <= incident.at]
        if before and incident.at - before[-1].at <= BLAMED:
            found.setdefault(before[-1].id, []).append(incident)
    return found


def _restored(own: Sequence[Deploy], blamed: Mapping[str, list[Incident]]) -> list[dt.timedelta | None]:
    """Return how long each failure lasted, None while it lasts; failed deploys in a row are one failure."""
    found: list[dt.timedelta | None] = [
        incident.restored - incident.at if incident.restored else None for each in blamed.values() for incident in each
    ]
    began: dt.datetime | None = None
    for deploy in own:
        if deploy.status != "succeeded":
            began = began or deploy.at
        elif began:
            found.append(deploy.at - began)
            began = None
    return [*found, None] if began else found


def _steps(known: Mapping[str, Sequence[Deploy]], last: dt.datetime, since: dt.datetime | None) -> list[Step]:
    """Return each step of the way; a commit that came into a later place has passed those before it."""
    places = ["written", "merged", *known]
    reached: dict[str, dict[str, dt.datetime]] = {}
    for name, deploys in known.items():
        for deploy in (one for one in deploys if one.status == "succeeded" and one.at < last):
            for commit in deploy.commits:
                at = reached.setdefault(commit.commit, {"written": commit.authored})
                if commit.merged:
                    at.setdefault("merged", commit.merged)
                at.setdefault(name, deploy.at)
    moved = [at for at in reached.values() if since is None or max(at.values()) >= since]
    found = []
    for before, after in pairwise(places):
        behind = places[places.index(after) :]
        took = [at[after] - at[before] for at in moved if before in at and after in at]
        waits = [last - at[before] for at in moved if before in at and not any(place in at for place in behind)]
        oldest = max(waits, default=dt.timedelta())
        found.append(Step(before, after, _spread(took), len(waits), max(0.0, oldest.total_seconds())))
    return found


def _weeks(own: Sequence[Deploy], failed: set[str]) -> list[Change]:
    """Return the weeks in which something was deployed."""
    by_week: dict[dt.date, list[Deploy]] = {}
    for deploy in own:
        day = deploy.at.astimezone(dt.UTC).date()
        by_week.setdefault(day - dt.timedelta(days=day.weekday()), []).append(deploy)
    return [
        Change(monday, len(each), sum(1 for deploy in each if deploy.id in failed))
        for monday, each in sorted(by_week.items())
    ]


def _spread(took: Sequence[dt.timedelta]) -> Spread:
    return spread(np.array([max(0.0, each.total_seconds()) for each in took]))
