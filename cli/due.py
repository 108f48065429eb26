"""When a line's schedule next comes due."""

from __future__ import annotations

import datetime as dt

_FURTHEST = dt.timedelta(days=400)


def next_start(expression: str, after: dt.datetime) -> dt.datetime | None:
    """Return the next moment (UTC) of a schedule expression, or None when none comes within 400 days.

    Raises LineError for an expression that is none.

    >>> next_start("cron(30 3 * * ? *)", dt.datetime(2026, 1, 1, 4, tzinfo=dt.UTC)).isoformat()
    '2026-01-02T03:30:00+00:00'
    """
    from local.due import moments

    return next(moments(expression, after=after, until=after + _FURTHEST), None)
