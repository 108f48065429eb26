"""What happened to a line, from its ledger: runs and why they began, how stations ended, what was released.

Alarms, what people did, and the deploys of its environment stand among them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runtime import events, ledger

_TOLD = ("flagged", "halted", "failed")
"""A station that ended so has something to tell; of the others only the release has."""


DEPLOY = "deploy"


@dataclass(frozen=True)
class Moment:
    """Something that happened: ``what`` in a word or two, ``detail`` in a sentence or nothing."""

    at: str
    run: str
    what: str
    detail: str = ""


def story(dynamodb: Any, table: str, line: str, environment: str = "") -> list[Moment]:
    """Return a line's moments, the oldest first; with its environment's deploys where that is named."""
    moments = [*_of_alarms(dynamodb, table, line), *_of_actions(dynamodb, table, line)]
    if environment:
        moments += _of_deploys(dynamodb, table, environment)
    for item in _items(dynamodb, table, line):
        values = {name: next(iter(value.values())) for name, value in item.items()}
        kind = values["sk"].partition("#")[0]
        if kind == "RUN":
            moments += _of_a_run(values)
        elif kind == "RETRAINING" and "run" in values:
            moments.append(Moment(values["at"], values["run"], f"asked for: {values['reasons']}", values["details"]))
        elif kind == "PRODUCTION":
            moments += _of_a_production(values)
    return sorted(moments, key=lambda moment: dt.datetime.fromisoformat(moment.at))


def _of_alarms(dynamodb: Any, table: str, line: str) -> Iterator[Moment]:
    """An alarm that goes off and its end; that it begins to look tells nobody anything."""
    for alarm in ledger.alarms(dynamodb, table, line):
        if alarm.state == "ALARM":
            yield Moment(_text(alarm.at), "", "alarm", f"{alarm.name}: {alarm.reason}")
        elif alarm.state == "OK" and alarm.previous == "ALARM":
            yield Moment(_text(alarm.at), "", "alarm over", alarm.name)


def _of_actions(dynamodb: Any, table: str, line: str) -> Iterator[Moment]:
    for action in ledger.actions(dynamodb, table, line):
        yield Moment(_text(action.at), "", action.what, f"{action.outcome}, by {action.who}")


def _of_deploys(dynamodb: Any, table: str, environment: str) -> Iterator[Moment]:
    for deploy in ledger.deploys(dynamodb, table, environment):
        count = f"{len(deploy.commits)} commit{'' if len(deploy.commits) == 1 else 's'}"
        what = f"{DEPLOY} {deploy.status}"
        yield Moment(_text(deploy.at), "", what, f"{environment}: {deploy.commit[:12]}, {count}")


def _text(at: dt.datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _of_a_run(values: Mapping[str, str]) -> Iterator[Moment]:
    whole, status = values["station"] == events.WHOLE_RUN, values.get("status", "")
    if whole and values["moment"] == "started":
        yield Moment(values["at"], values["run"], "run started")
    elif whole:
        yield Moment(values["at"], values["run"], f"run {status}", values["message"])
    elif status in _TOLD or (status and values["station"] == "release"):
        yield Moment(values["at"], values["run"], f"{values['station']} {status}", values["message"])


def _of_a_production(values: Mapping[str, str]) -> Iterator[Moment]:
    what = f"version {values['version']} in production"
    yield Moment(values["since"], values["run"], what, f"{values['why']}, by {values['who']}".strip(", "))
    if told := values.get("rolled_back"):
        yield Moment(told.split()[0], values["run"], f"version {values['version']} rolled back", told)


def _items(dynamodb: Any, table: str, line: str) -> Iterator[dict[str, Any]]:
    for prefix in ("RUN#", "RETRAINING#", "PRODUCTION#"):
        yield from ledger.items(dynamodb, table, line, prefix)
