"""What the page of monitoring tells of a line: how its monitors stand, its alarms, and what nobody could handle."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cli.redrive import LETTERS
from cli.report import gathered
from config.line import Line
from config.monitors import MONITORS
from config.naming import pascal, stack_name
from console.place import Place
from runtime import incidents
from runtime.delivery import dead_letters
from runtime.incidents import Incident
from runtime.monitoring import monitors
from runtime.monitoring.monitors import Ledger
from runtime.monitoring.pictures import moment
from runtime.monitoring.report import Report, paired

DAYS = 30
"""Of so many days before the newest window figures are drawn, where nothing else is asked for."""
_SECONDS_OF_FIGURES, _SECONDS_OF_LETTERS = 10.0, 20.0
_WAITING = ("GroundTruthQueueUrl", "CaptureQueueUrl")


@dataclass(frozen=True)
class Stands:
    """How a monitor stands; ``alarm`` is the last change of its state that the ledger keeps."""

    name: str
    status: str
    since: str
    judged: str
    alarm: Incident | None


@dataclass(frozen=True)
class Letterbox:
    """Dead letters of whoever could not handle them; ``consumer`` is empty where they cannot be moved back."""

    whose: str
    consumer: str
    count: int
    oldest_seconds: float | None
    reason: str


@dataclass(frozen=True)
class Now:
    """What changes from one second to the next."""

    stands: list[Stands]
    alarms: list[dict[str, Any]]
    """Name, state, since and reason of each alarm of the line that CloudWatch has; the composite one is the first."""
    incidents: list[tuple[Incident, Incident | None]]
    letters: list[Letterbox]


def now(place: Place, line: Line) -> Now:
    """Return how a line stands, as of the last second; raises LineError when it is not deployed."""
    return place.kept(f"now/{line.line}", lambda: _now(place, line), seconds=1.0)


def _now(place: Place, line: Line) -> Now:
    outputs, dynamodb = place.outputs(line.line), place.client("dynamodb")
    changes = incidents.every(dynamodb, outputs["LedgerTable"], line.line)
    kept = monitors.read(Ledger(dynamodb, outputs["LedgerTable"], None, "", "", ""), line.line)
    last = {change.monitor: change for change in changes}
    return Now(
        stands=[
            Stands(
                name=monitor,
                status=kept[monitor].state.status,
                since=kept[monitor].state.since or (last[monitor].window if monitor in last else ""),
                judged=kept[monitor].state.judged,
                alarm=last.get(monitor),
            )
            for monitor in MONITORS
        ],
        alarms=_alarms(place, line.line),
        incidents=paired(changes)[::-1],
        letters=_letters(place, line, outputs),
    )


def report(place: Place, line: Line, first: dt.datetime | None, last: dt.datetime | None) -> Report:
    """Return the windows between two moments; without the first, of thirty days before the newest window."""

    def ask() -> Report:
        start = first
        if start is None:
            newest = _newest(place, line.line) if last is None else last
            start = None if newest is None else newest - dt.timedelta(days=DAYS)
        found = gathered(line, place, environment=place.environment, first=start, last=last)
        if first is None and found.verdicts:
            return replace(found, start=min(moment(verdict["start"]) for verdict in found.verdicts))
        return found

    return place.kept(f"report/{line.line}/{first}/{last}", ask, seconds=_SECONDS_OF_FIGURES)


def consumers(line: Line, outputs: Mapping[str, str]) -> dict[str, str]:
    """Return consumer → URL of its dead letters, by the name that line.yaml has for it."""
    names = {pascal(one.name): one.name for topic in line.delivery.topics for one in topic.consumers}
    urls = {key.removeprefix(LETTERS): url for key, url in outputs.items() if key.startswith(LETTERS)}
    return {names.get(key, key.lower()): url for key, url in urls.items()}


def _newest(place: Place, line: str) -> dt.datetime | None:
    """Return the start of the newest window that something came for."""
    found = place.client("dynamodb").query(
        TableName=place.outputs(line)["WindowsTable"],
        KeyConditionExpression="#window = :line",
        ExpressionAttributeNames={"#window": "window"},
        ExpressionAttributeValues={":line": {"S": line}},
        ScanIndexForward=False,
        Limit=1,
    )["Items"]
    return dt.datetime.fromisoformat(found[0]["part"]["S"]) if found else None


def _alarms(place: Place, line: str) -> list[dict[str, Any]]:
    prefix = f"{stack_name(place.environment, line)}-"
    pages = (
        place.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    )
    found = [
        {
            "name": alarm["AlarmName"].removeprefix(prefix),
            "is_composite": kind == "CompositeAlarms",
            "state": {"INSUFFICIENT_DATA": "no data"}.get(alarm["StateValue"], alarm["StateValue"].lower()),
            "since": alarm.get("StateUpdatedTimestamp"),
            "why": alarm.get("StateReason", ""),
            "says": alarm.get("AlarmDescription", ""),
        }
        for page in pages
        for kind in ("CompositeAlarms", "MetricAlarms")
        for alarm in page.get(kind, [])
    ]
    return sorted(found, key=lambda alarm: (not alarm["is_composite"], alarm["state"] != "alarm", alarm["name"]))


def _letters(place: Place, line: Line, outputs: Mapping[str, str]) -> list[Letterbox]:
    sqs = place.client("sqs")
    found = [_letterbox(place, sqs, consumer, url, consumer) for consumer, url in consumers(line, outputs).items()]
    for output in _WAITING:
        if output in outputs and (url := _behind(place, sqs, outputs[output])):
            whose = {"GroundTruthQueueUrl": "ground truth", "CaptureQueueUrl": "capture"}[output]
            found.append(_letterbox(place, sqs, whose, url, ""))
    return found


def _letterbox(place: Place, sqs: Any, whose: str, url: str, consumer: str) -> Letterbox:
    """Count what lies in a queue; only where something does, it is looked at for its age and reason."""
    name = "ApproximateNumberOfMessages"
    count = int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
    if not count:
        return Letterbox(whose, consumer, 0, None, "")
    seen = place.kept(f"letters/{url}", lambda: dead_letters.look(sqs, url), seconds=_SECONDS_OF_LETTERS)
    oldest = max((letter.age_seconds for letter in seen.first), default=None)
    return Letterbox(whose, consumer, max(count, seen.count), oldest, seen.first[0].reason if seen.first else "")


def _behind(place: Place, sqs: Any, url: str) -> str:
    """Return the URL of the queue in which a queue's unhandled messages end, or nothing."""

    def ask() -> str:
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
        if "RedrivePolicy" not in told:
            return ""
        name = json.loads(told["RedrivePolicy"])["deadLetterTargetArn"].rpartition(":")[2]
        return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])

    return place.kept(f"behind/{url}", ask, seconds=300.0)
