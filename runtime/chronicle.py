"""What the ledger keeps beside runs: alarms that changed, deploys, and what people did; each put once, read by time."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.naming import pascal, stack_name
from runtime import items
from runtime.records import Commit, Deploy, moment, sortable

_ALARM, _DEPLOY, _ACTION = "ALARM#", "DEPLOY#", "ACTION#"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A change of an alarm's state: ``state`` and ``previous`` as CloudWatch has them, ``reason`` in its words."""

    at: dt.datetime
    name: str
    state: str
    previous: str
    reason: str


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a person did: ``what`` in a few words, ``outcome`` how it ended."""

    at: dt.datetime
    id: str
    who: str
    what: str
    outcome: str


def part_of(alarm: str, environment: str) -> str | None:
    """Return the part of an environment's stacks that an alarm stands in; None for another environment's.

    CloudFormation names an alarm after its stack. An environment's name may begin with another's; parts begin with a
    capital or a digit, and nothing else of a name does.

    >>> part_of("AssemblyLine-dev-Flights-RunFailures1A2B-C3", "dev")
    'Flights'
    >>> part_of("AssemblyLine-dev-x-abcdefghij-Flights-RunFailures1A2B-C3", "dev") is None
    True
    """
    prefix = stack_name(environment, "")
    found = re.match(r"([A-Z][A-Za-z0-9]*)-", alarm.removeprefix(prefix)) if alarm.startswith(prefix) else None
    return found[1] if found else None


def keep_alarm(dynamodb: Any, table: str, environment: str, event: Mapping[str, Any]) -> bool:
    """Keep a change of an alarm's state as CloudWatch announces it; False when it was known or is not of here.

    It stands under its stack, since that is what its name tells.
    """
    detail = event["detail"]
    part = part_of(detail["alarmName"], environment)
    if part is None:
        return False
    at = sortable(moment(detail["state"].get("timestamp") or event["time"]))
    name, state = detail["alarmName"], detail["state"]["value"]
    previous = detail.get("previousState") or {}
    told = {
        "at": at,
        "name": name,
        "state": state,
        "previous": previous.get("value") or "",
        "reason": detail["state"].get("reason") or "",
    }
    return items.put(dynamodb, table, items.item(f"STACK#{part}", f"{_ALARM}{at}#{name}#{state}", told))


def alarms(
    dynamodb: Any, table: str, line: str, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> Iterator[Alarm]:
    """Yield the changes of a line's alarms, the oldest first; line ``foundation`` is what lines share."""
    for item in items.within(dynamodb, table, f"STACK#{pascal(line)}", _ALARM, since=since, until=until):
        told = items.texts(item)
        yield Alarm(moment(told["at"]), told["name"], told["state"], told["previous"], told["reason"])


def deployed(
    *, environment: str, id_: str, at: dt.datetime, status: str, commit: str, commits: list[Commit]
) -> dict[str, Any]:
    """Return the detail of the event that tells of a deploy."""
    return {
        "environment": environment,
        "id": id_,
        "at": sortable(at),
        "status": status,
        "commit": commit,
        "commits": [
            {
                "commit": one.commit,
                "authored_at": sortable(one.authored),
                **({"merged_at": sortable(one.merged)} if one.merged else {}),
            }
            for one in commits
        ],
    }


def keep_deploy(dynamodb: Any, table: str, detail: Mapping[str, Any]) -> bool:
    """Keep a deploy; False when one of its id was known: a step of a workflow that is tried again tells it again."""
    partition, at = f"ENVIRONMENT#{detail['environment']}", sortable(moment(detail["at"]))
    told = {key: str(detail[key]) for key in ("environment", "id", "status", "commit")}
    told |= {"at": at, "commits": json.dumps(detail["commits"], separators=(",", ":"))}
    sort, mark = f"{_DEPLOY}{at}#{detail['id']}", f"DEPLOYED#{detail['id']}"
    return _keep_once(dynamodb, table, partition, sort=sort, mark=mark, told=told)


def deploys(
    dynamodb: Any, table: str, environment: str, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> Iterator[Deploy]:
    """Yield an environment's deploys, the oldest first."""
    for item in items.within(dynamodb, table, f"ENVIRONMENT#{environment}", _DEPLOY, since=since, until=until):
        told = items.texts(item)
        commits = tuple(
            Commit(
                commit=one["commit"],
                authored=moment(one["authored_at"]),
                merged=moment(one["merged_at"]) if one.get("merged_at") else None,
            )
            for one in json.loads(told["commits"])
        )
        yield Deploy(environment, told["id"], moment(told["at"]), told["status"], told["commit"], commits)


def act(
    dynamodb: Any,
    table: str,
    line: str,
    *,
    who: str,
    what: str,
    outcome: str,
    id: str = "",  # noqa: A002 (its name in the ledger)
    at: dt.datetime | None = None,
) -> bool:
    """Keep what a person did to a line; False when an action of this ``id`` was known (without one it is new)."""
    key, moment_ = id or uuid.uuid4().hex, sortable(at or dt.datetime.now(dt.UTC))
    told = {"at": moment_, "id": key, "who": who, "what": what, "outcome": outcome}
    sort = f"{_ACTION}{moment_}#{key}"
    return _keep_once(dynamodb, table, f"LINE#{line}", sort=sort, mark=f"ACTED#{key}", told=told)


def actions(
    dynamodb: Any, table: str, line: str, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> Iterator[Action]:
    """Yield what people did to a line, the oldest first."""
    for item in items.within(dynamodb, table, f"LINE#{line}", _ACTION, since=since, until=until):
        told = items.texts(item)
        yield Action(moment(told["at"]), told["id"], told["who"], told["what"], told["outcome"])


def _keep_once(dynamodb: Any, table: str, partition: str, *, sort: str, mark: str, told: Mapping[str, str]) -> bool:
    """Keep what is listed by its moment, and the mark by which it is known whatever moment it is told with again."""
    known = items.item(partition, mark, {"at": told["at"]})
    return items.put_together(dynamodb, table, known, items.item(partition, sort, told))
