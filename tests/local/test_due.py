"""When schedules come due: AWS's six-field cron, rates and single moments."""

from __future__ import annotations

import datetime as dt

import pytest

from config.errors import LineError
from local.due import moments

START = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)


def due(expression: str, days: float, zone: str = "UTC") -> list[str]:
    return [f"{at:%m-%d %H:%M}" for at in moments(expression, zone, after=START, until=START + dt.timedelta(days=days))]


@pytest.mark.parametrize(
    ("expression", "days", "expected"),
    [
        ("rate(12 hours)", 1, ["01-01 12:00", "01-02 00:00"]),
        ("rate(1 day)", 2, ["01-02 00:00", "01-03 00:00"]),
        ("cron(0/30 5 * * ? *)", 1, ["01-01 05:00", "01-01 05:30"]),
        ("cron(0 6 ? * MON *)", 14, ["01-07 06:00", "01-14 06:00"]),
        ("cron(0 6 ? * 2#1 *)", 40, ["01-07 06:00", "02-04 06:00"]),
        ("cron(0 6 ? * 6L *)", 40, ["01-25 06:00"]),
        ("cron(0 6 L * ? *)", 60, ["01-31 06:00", "02-28 06:00"]),
        ("cron(0 6 5W * ? *)", 40, ["01-04 06:00", "02-05 06:00"]),  # the fifth is a Saturday
        ("cron(0 6 1 FEB,MAR ? 2013-2014)", 80, ["02-01 06:00", "03-01 06:00"]),
        ("cron(0 6 29 2 ? *)", 365, []),
        ("at(2013-01-05T10:30:00)", 10, ["01-05 10:30"]),
        ("at(2012-12-31T10:30:00)", 10, []),
    ],
)
def test_an_expression_comes_due(expression: str, days: float, expected: list[str]) -> None:
    assert due(expression, days) == expected


def test_a_wall_clock_that_is_put_forward_and_back_keeps_its_hour() -> None:
    found = due("cron(0 9 31 3,10 ? *)", 365, "Europe/Berlin")
    assert found == ["03-31 07:00", "10-31 08:00"]


def test_an_hour_that_a_clock_shows_twice_comes_due_once() -> None:
    assert due("cron(30 2 27 10 ? 2013)", 365, "Europe/Berlin") == ["10-27 00:30"]


@pytest.mark.parametrize("wrong", ["cron(0 6 * * *)", "cron(61 6 * * ? *)", "rate(0 days)", "rate(5)", "at(noon)", ""])
def test_what_is_no_expression_is_told(wrong: str) -> None:
    with pytest.raises(LineError, match=r"^schedule "):
        due(wrong, 1)
