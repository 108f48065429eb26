"""Schedules fire when told to: a rule with a ScheduleExpression, or a schedule of EventBridge Scheduler.

Nothing fires by itself: a run of a line must not start another because a cron expression came due meanwhile.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from config.errors import LineError
from local.event_inputs import input_for
from local.event_targets import Delivery, courier_of
from local.fidelity import Row

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("EventBridge", "scheduled rules", "approximated", "they fire when told to, never by the clock"),
    Row("EventBridge Scheduler", "schedules", "approximated", "they fire when told to; universal targets are absent"),
]


def install(aws: EmbeddedAws) -> None:
    """Offer ``aws.fire_schedule(name)``."""
    vars(aws)["fire_schedule"] = lambda name, at=None: fire(aws, name, at)


def fire(aws: EmbeddedAws, name: str, at: dt.datetime | None = None) -> None:
    """Deliver what a schedule delivers when it comes due at ``at`` (now), even one that is disabled."""
    moment = (at or dt.datetime.now(dt.UTC)).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rules = _rules(aws)
    schedules = _schedules(aws)
    if name in rules:
        _fire_rule(aws, rules[name], moment)
    elif name in schedules:
        _fire_schedule(aws, schedules[name], moment)
    else:
        known = ", ".join(sorted([*rules, *schedules])) or "none"
        raise LineError(f"schedule {name}: there is none of that name, expected one of {known}")


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
