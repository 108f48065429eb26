"""The time of the embedded AWS: the machine's, moved by as much as somebody has set it forward or back.

Events, schedules, metrics and alarms live by it. What expires or is waited for (messages, sessions, time-outs, the
waits of a state machine) and what resources say of their making stays with the machine's own clock.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from local.fidelity import Row

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row(
        "every service",
        "time",
        "approximated",
        "events, schedules, metrics and alarms live by a clock that can be set and advanced; the rest by the machine's",
    ),
]


class Clock:
    """The time now; it goes on by itself from whatever it is set to.

    >>> clock = Clock()
    >>> clock.set(dt.datetime(2013, 8, 15, 3, tzinfo=dt.UTC))
    >>> clock.now().isoformat("T", "minutes"), clock.is_set
    ('2013-08-15T03:00+00:00', True)
    """

    def __init__(self) -> None:
        self._offset = dt.timedelta()

    @property
    def offset(self) -> dt.timedelta:
        """How far it is ahead of the machine's clock; negative in the past."""
        return self._offset

    @property
    def is_set(self) -> bool:
        return self._offset != dt.timedelta()

    def now(self) -> dt.datetime:
        """Return this moment, in UTC."""
        return dt.datetime.now(dt.UTC) + self._offset

    def set(self, moment: dt.datetime | None) -> None:
        """Let it be a moment now; None is the machine's own."""
        self._offset = dt.timedelta() if moment is None else moment - dt.datetime.now(dt.UTC)

    def __str__(self) -> str:
        """Return this moment as EventBridge writes it."""
        return written(self.now())


def written(moment: dt.datetime) -> str:
    """Return a moment as EventBridge writes it.

    >>> written(dt.datetime(2013, 8, 15, 3, tzinfo=dt.UTC))
    '2013-08-15T03:00:00Z'
    """
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def install(aws: EmbeddedAws) -> None:
    """Let an event that says no time of its own have the clock's (moto/events/models.py:1509)."""
    from moto.events import models

    aws.patches.replace(models, "unix_time", lambda: aws.clock.now().timestamp())
