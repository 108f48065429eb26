"""The janitor: finds branches' environments that expired, or that somebody began to destroy, and finishes the job.

Nothing is remembered from one round to the next: what there was no time for is found again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from config import tags
from config.branches import is_branch_id
from config.errors import LineError
from runtime import environments
from runtime.teardown.destroy import Tell, destroy
from runtime.teardown.guard import RefusedError
from runtime.teardown.owned import FOUNDATION, Clients, Owned, live, tagged
from runtime.teardown.pace import Pace

Verdict = Literal["removed", "left", "refused", "failed", "spared", "later"]


@dataclass(frozen=True)
class Outcome:
    """What became of an environment that was due: ``why`` it was, and what is ``told`` of the end."""

    environment: str
    verdict: Verdict
    why: str
    told: list[str] = field(default_factory=list)

    @property
    def matters(self) -> bool:
        """Whether people should hear of it."""
        return self.verdict not in ("spared", "later")

    def __str__(self) -> str:
        return f"{self.environment} ({self.why}): {self.verdict}{': ' if self.told else ''}{'; '.join(self.told)}"


class SparedError(LineError):
    """An environment that is not due any more: it was extended or deployed since it was listed."""


def due(clients: Clients, standing: Collection[str], now: dt.datetime) -> dict[str, str]:
    """Return environment -> why it is to go, the one that expired first in front; none that is protected."""
    found = environments.standing(clients("cloudformation"), clients("ssm"))
    expired = sorted((one.expires, one.name) for one in found if one.expires is not None and one.expires <= now)
    reasons = {name: f"it expired at {environments.written(at)}" for at, name in expired}
    stands = {one.name for one in found}
    for stack in live(clients("cloudformation")):
        if stack.status == "DELETE_FAILED" and stack.part == FOUNDATION:
            reasons.setdefault(stack.tags.get(tags.ENVIRONMENT, ""), "its destruction broke off")
    for carried in tagged(clients).values():
        if carried[tags.ENVIRONMENT] not in stands:
            reasons.setdefault(carried[tags.ENVIRONMENT], "it has no stack any more")
    return {name: why for name, why in reasons.items() if name not in standing and is_branch_id(name)}


def round_of(
    clients: Clients,
    *,
    standing: Collection[str],
    now: Callable[[], dt.datetime],
    pace: Pace,
    most: int,
    tell: Tell = lambda *_: None,
) -> Iterator[Outcome]:
    """Tear down at most so many environments that are due, and yield what became of each as soon as it is known."""
    reasons = due(clients, standing, now())
    names = list(reasons)
    first = int(now().timestamp() // 3600) % max(len(names), 1)  # whatever is stuck lets others come first next time
    torn = 0
    for name in names[first:] + names[:first]:
        if torn == most or pace.over:
            yield Outcome(name, "later", reasons[name])
            continue
        outcome = _torn_down(clients, name, reasons[name], standing=standing, now=now, pace=pace, tell=tell)
        if outcome is not None:
            torn += outcome.verdict not in ("refused", "spared")
            yield outcome


def _torn_down(
    clients: Clients,
    name: str,
    why: str,
    *,
    standing: Collection[str],
    now: Callable[[], dt.datetime],
    pace: Pace,
    tell: Tell,
) -> Outcome | None:
    def still_due(owned: Owned) -> None:
        """The list may be old by now."""
        if owned.is_there and name not in due(clients, standing, now()):
            raise SparedError(f"environment {name!r} was extended or deployed since it was listed")

    try:
        report = destroy(clients, name, standing=standing, pace=pace, tell=tell, agreed=still_due)
    except RefusedError as refused:
        return Outcome(name, "refused", why, [str(refused)])
    except LineError as spared:  # it is not due any more, or is being deployed at this moment
        return Outcome(name, "spared", why, [str(spared)])
    except (ClientError, BotoCoreError) as error:
        return Outcome(name, "failed", why, [f"{type(error).__name__}: {error}"])
    if report.left:
        waits = pace.over or all("IN_PROGRESS" in thing.left for thing in report.left)
        return Outcome(name, "left" if waits else "failed", why, [str(thing) for thing in report.left])
    if not report.removed:  # the tagging API still names what is gone, a key that waits for its deletion say
        return None
    return Outcome(name, "removed", why, [f"{len(report.removed)} things"])
