"""A branch's environment lives longer because somebody asks for it in the console."""

from __future__ import annotations

import datetime as dt

from cli.env_account import named
from config.errors import LineError
from console.actions import Action, Field, Given, Progress
from console.place import Place
from runtime.environments import extend

_MOST_DAYS = 90


def _describe(place: Place, given: Given) -> str:
    one = named(place.client, given.get("environment", ""))
    ends = f"on {one.expires:%Y-%m-%d %H:%M} UTC" if one.expires else "never"
    return (
        f"{one.name}, the environment of {one.ref}, expires {ends}. It lives that many days from now instead, where "
        "that is later; nothing is deployed."
    )


def _asks(place: Place, given: Given) -> list[Field]:
    one = named(place.client, given.get("environment", ""))
    return [Field("days", "Days from now", given.get("days", str(one.ttl_days)), "number", f"1 to {_MOST_DAYS}")]


def _perform(place: Place, given: Given, progress: Progress) -> str:
    one = named(place.client, given.get("environment", ""))
    days = given.get("days", "").strip()
    if not days.isdecimal() or not 1 <= int(days) <= _MOST_DAYS:
        raise LineError(f"{days!r} is no number of days, expected 1 to {_MOST_DAYS}: go back and correct it")
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=int(days))
    extend(place.client("ssm"), one.name, until)
    progress.link = "/environments"
    assert one.expires is not None  # noqa: S101 (a branch's expires)
    return f"{one.name} lives until {max(until, one.expires):%Y-%m-%d %H:%M} UTC."


EXTEND = Action(
    kind="extend",
    title="Let the environment live longer",
    describe=_describe,
    perform=_perform,
    button="Extend it",
    asks=_asks,
)
