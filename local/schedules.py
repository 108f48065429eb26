"""Schedules fire when told to: a rule with a ScheduleExpression, or a schedule of EventBridge Scheduler.

Nothing fires by itself: a run of a line must not start another because a cron expression came due meanwhile. Who
advances the clock fires all that comes due on the way.
"""

from __future__ import annotations

import datetime as dt
import heapq
import uuid
from collections import deque
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from config.errors import LineError
from local.clock import written
from local.due import moments
from local.event_inputs import input_for
from local.event_targets import Delivery, courier_of
from local.fidelity import Row

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("EventBridge", "scheduled rules", "approximated", "they fire when told to or when the clock is advanced"),
    Row(
        "EventBridge Scheduler",
        "schedules",
        "approximated",
        "they fire when told to or when the clock is advanced; universal targets, start and end dates are absent",
    ),
    Row("EventBridge Scheduler", "cron, rate and one-time expressions", "real", "a rate counts from 1970"),
]

SETTLED = 120.0
"""Seconds that one firing may take before the next comes."""


def install(aws: EmbeddedAws) -> None:
    """Offer ``aws.fire_schedule(name)`` and ``aws.advance(to)``."""
    vars(aws)["fire_schedule"] = lambda name, at=None: fire(aws, name, at)
    vars(aws)["advance"] = lambda to, **options: advance(aws, to, **options)


def fire(aws: EmbeddedAws, name: str, at: dt.datetime | None = None) -> None:
    """Deliver what a schedule delivers when it comes due at ``at`` (now), even one that is disabled."""
    moment = written(at or aws.clock.now())
    rules = _rules(aws)
    schedules = _schedules(aws)
    if name in rules:
        _fire_rule(aws, rules[name], moment)
    elif name in schedules:
        _fire_schedule(aws, schedules[name], moment)
    else:
        known = ", ".join(sorted([*rules, *schedules])) or "none"
        raise LineError(f"schedule {name}: there is none of that name, expected one of {known}")


def advance(
    aws: EmbeddedAws, to: dt.datetime, *, last: int | None = None, only: Collection[str] | None = None
) -> list[tuple[dt.datetime, str]]:
    """Advance the clock and fire each enabled schedule that comes due on the way, in order; returns what fired.

    Each firing's deliveries, and the functions that they invoke, end before the next one's begin. ``last`` fires only
    the last few times of each schedule, ``only`` no schedules but those of these names.
    """
    now = aws.clock.now()
    if to < now:
        raise LineError(f"the clock is at {written(now)}: it is advanced to a later moment, not to {written(to)}")
    due = heapq.merge(
        *(
            _due(name, moments(*when, after=now, until=to), last)
            for name, when in _expressions(aws).items()
            if only is None or name in only
        )
    )
    fired = []
    for moment, name in due:
        aws.clock.set(moment)
        fire(aws, name, moment)
        aws.background.settle(SETTLED)
        fired.append((moment, name))
    aws.clock.set(to)
    return fired


def _due(name: str, times: Iterable[dt.datetime], last: int | None) -> Iterable[tuple[dt.datetime, str]]:
    due = ((moment, name) for moment in times)
    return due if last is None else deque(due, maxlen=last)


def _expressions(aws: EmbeddedAws) -> dict[str, tuple[str, str]]:
    """Return expression and time zone of each schedule that is enabled."""
    rules = {name: (rule, rule.scheduled_expression, "UTC") for name, rule in _rules(aws).items()}
    schedules = {
        name: (schedule, schedule.schedule_expression, schedule.schedule_expression_timezone)
        for name, schedule in _schedules(aws).items()
    }
    return {
        name: (expression, zone)
        for name, (found, expression, zone) in {**rules, **schedules}.items()
        if found.state == "ENABLED"
    }


def names(aws: EmbeddedAws) -> list[str]:
    """Return the names of every schedule."""
    return sorted([*_rules(aws), *_schedules(aws)])


def _rules(aws: EmbeddedAws) -> dict[str, Any]:
    buses = events_backends[aws.account][aws.region].event_buses.values()
    return {rule.name: rule for bus in buses for rule in bus.rules.values() if rule.scheduled_expression}


def _schedules(aws: EmbeddedAws) -> dict[str, Any]:
    groups = scheduler_backends[aws.account][aws.region].schedule_groups.values()
    return {schedule.name: schedule for group in groups for schedule in group.schedules.values()}


def _fire_rule(aws: EmbeddedAws, rule: Any, moment: str) -> None:
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": aws.account,
        "time": moment,
        "region": aws.region,
        "resources": [rule.arn],
        "detail": {},
    }
    for target in rule.targets:
        text = input_for(target, event, rule.arn)
        courier_of(aws).send(Delivery(rule.arn, target, text, key=f"{target['Id']} {event['id']}"))


def _fire_schedule(aws: EmbeddedAws, schedule: Any, moment: str) -> None:
    target, execution = schedule.target, str(uuid.uuid4())
    text = (
        (target.get("Input") or "{}")
        .replace("<aws.scheduler.schedule-arn>", schedule.arn)
        .replace("<aws.scheduler.scheduled-time>", moment)
        .replace("<aws.scheduler.execution-id>", execution)
        .replace("<aws.scheduler.attempt-number>", "1")
    )
    courier_of(aws).send(Delivery(schedule.arn, target, text, key=execution))
