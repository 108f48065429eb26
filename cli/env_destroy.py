"""``line env destroy``: shows what a branch's environment owns, asks, and removes it."""

from __future__ import annotations

import functools
import json
import sys
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.ending import UsageError
from cli.session import session
from config.branches import environment_id, is_branch_id
from config.errors import LineError
from config.loading import standing_names
from runtime.teardown.destroy import Report, destroy, plan
from runtime.teardown.guard import check, check_name
from runtime.teardown.owned import Clients, Owned, read
from runtime.teardown.pace import Pace, within
from runtime.teardown.sweep import Thing

FAILED = 1


def destroy_environment(which: str, *, yes: bool, minutes: int, as_json: bool) -> int:
    """Destroy the environment of a branch, or of an id; returns the exit status."""
    mine = session()
    clients: Clients = functools.cache(mine.client)
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on whether the environment is to go: give --yes if it is")
    try:
        account = clients("sts").get_caller_identity()["Account"]
        return _Destruction(
            clients=clients,
            place=f"account {account}, region {mine.region_name}",
            standing=standing_names(),
            pace=within(60.0 * minutes),
        ).run(which, ask=None if yes else _asked, as_json=as_json)
    except (ClientError, BotoCoreError) as error:
        raise LineError(
            f"environment {which!r} could not be destroyed to the end ({error}): see that the credentials of "
            "AWS_PROFILE are those of its account and have not expired, and destroy it again"
        ) from None


class _Destruction:
    def __init__(self, *, clients: Clients, place: str, standing: Collection[str], pace: Pace) -> None:
        self._clients, self._place, self._standing, self._pace = clients, place, standing, pace

    def run(self, which: str, *, ask: Callable[[str], str] | None, as_json: bool) -> int:
        owned = self._found(which)
        check(owned, self._standing)
        planned = plan(self._clients, owned)
        if planned:
            _show(owned, planned, self._place)
            if ask is not None and (given := ask(owned.id)) != owned.id:
                raise LineError(f"environment {owned.id!r} stays: the name that was given is {given!r}")
        report = destroy(
            self._clients,
            owned.id,
            standing=self._standing,
            pace=self._pace,
            tell=lambda what, one: _say(f"{what} {one}"),
        )
        _tell(report, self._place, as_json=as_json)
        return FAILED if report.left else 0

    def _found(self, which: str) -> Owned:
        """Return what there is of the environment that is meant: a branch may be called like another's id."""
        if which in self._standing:
            check_name(which, self._standing)
        meant = list(dict.fromkeys([*([which] if is_branch_id(which) else []), environment_id(which)]))
        there = [owned for owned in (read(self._clients, one) for one in meant) if owned.is_there]
        if len(there) > 1:
            raise UsageError(
                f"{which!r} is the id of one environment and the branch of another ({there[1].id}): give that id, or "
                f"refs/heads/{which} for the branch"
            )
        return there[0] if there else read(self._clients, meant[0])


def _asked(name: str) -> str:
    _say(f"to remove all of it, type the environment's name ({name}): ", end="")
    return sys.stdin.readline().strip()


def _show(owned: Owned, planned: list[Thing], place: str) -> None:
    _say(f"environment {owned.id} in {place}:")
    for stack in owned.deployed:
        _say(f"  stack {stack.name} ({stack.status})")
    for kind, count in Counter(thing.kind for thing in planned if thing.kind != "stack").items():
        _say(f"  {kind}: {count}")


def _tell(report: Report, place: str, *, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {
            "environment": report.environment,
            "removed": [{"kind": one.kind, "name": one.name} for one in report.removed],
            "left": [asdict(one) for one in report.left],
        }
        print(json.dumps(told, indent=2))
    elif not report.existed:
        print(f"environment {report.environment}: there is nothing of it in {place}")
    else:
        print(f"environment {report.environment}: {len(report.removed)} removed, {len(report.left)} left")
    for thing in report.left:
        _say(f"left: {thing}")


def _say(text: str, end: str = "\n") -> None:
    print(text, file=sys.stderr, end=end, flush=True)
