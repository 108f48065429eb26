"""When a schedule comes due: EventBridge's ``cron(…)`` with its six fields, ``rate(…)`` and ``at(…)``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from aws_croniter import AwsCroniter
from aws_croniter.exceptions import AwsCroniterExpressionError

from config.errors import LineError

_FORM = re.compile(r"\s*(cron|rate|at)\s*\((.*)\)\s*")
_RATE = re.compile(r"\s*([1-9]\d*)\s+(minute|hour|day)s?\s*")
_UNITS = {"minute": dt.timedelta(minutes=1), "hour": dt.timedelta(hours=1), "day": dt.timedelta(days=1)}
_BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def moments(expression: str, zone: str = "UTC", *, after: dt.datetime, until: dt.datetime) -> Iterator[dt.datetime]:
    """Yield each moment (UTC) later than ``after`` and not later than ``until`` at which the expression comes due.

    ``zone`` is whose clock ``cron`` and ``at`` mean. A ``rate`` comes due at multiples of itself since 1970, on AWS
    since the schedule was made. Raises LineError for an expression that is none.

    >>> first, last = (dt.datetime(2013, 8, 15, hour, tzinfo=dt.UTC) for hour in (3, 4))
    >>> [f"{moment:%H:%M}" for moment in moments("rate(15 minutes)", after=first, until=last)]
    ['03:15', '03:30', '03:45', '04:00']
    >>> [f"{moment:%H:%M}" for moment in moments("cron(30 3 ? * MON-FRI *)", after=first, until=last)]
    ['03:30']
    """
    form = _FORM.fullmatch(expression)
    rate = _RATE.fullmatch(form[2]) if form and form[1] == "rate" else None
    if form is None or (form[1] == "rate" and rate is None):
        raise LineError(
            f"schedule {expression!r}: expected cron(six fields), rate(5 minutes) or at(2026-01-31T12:00:00)"
        )
    if rate is not None:
        yield from _multiples(int(rate[1]) * _UNITS[rate[2]], after, until)
    elif form[1] == "cron":
        yield from _cron(form[2].strip(), after, until, ZoneInfo(zone))
    else:
        once = _at(form[2].strip(), ZoneInfo(zone))
        if after < once <= until:
            yield once


def _multiples(period: dt.timedelta, after: dt.datetime, until: dt.datetime) -> Iterator[dt.datetime]:
    moment = _BEGINNING + ((after - _BEGINNING) // period + 1) * period
    while moment <= until:
        yield moment
        moment += period


def _cron(fields: str, after: dt.datetime, until: dt.datetime, zone: ZoneInfo) -> Iterator[dt.datetime]:
    """The fields are of a wall clock: it is read as if it were UTC, and each moment put back into its zone."""
    try:
        cron = AwsCroniter(fields)
    except AwsCroniterExpressionError as error:
        raise LineError(f"schedule 'cron({fields})': {error}") from None
    wall = _next(cron, after.astimezone(zone).replace(tzinfo=dt.UTC))
    while wall is not None:
        moment = wall.replace(tzinfo=zone).astimezone(dt.UTC)
        if moment > until:
            return
        if moment > after:  # an hour that a clock shows twice comes due once
            yield moment
        wall = _next(cron, wall)


def _next(cron: AwsCroniter, wall: dt.datetime) -> dt.datetime | None:
    found: dt.datetime | None = cron.occurrence(wall).next()
    return found


def _at(text: str, zone: ZoneInfo) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(dt.UTC)
    except ValueError:
        raise LineError(f"schedule 'at({text})': expected a moment such as at(2026-01-31T12:00:00)") from None
