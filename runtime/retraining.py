"""The closed loop: what asks for a run, when one may begin, and that at most one is started for all that asked.

One item of the ledger per line, ``RETRAINING``, holds what waits and what was started last. It is changed from the
version that was read only, so of two handlers at once one goes first and the other looks again. What starts is written
before it is started, under a name that is derived from it: a crash in between is mended by the next look, which starts
the same execution, and Step Functions starts a name once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from config.errors import LineError
from runtime import incidents, receipts
from runtime.paths import RunPaths

ITEM = "RETRAINING"
SCHEDULE, DATA, DRIFT, PERFORMANCE = "schedule", "data", "drift", "performance"
SCHEDULED = "Line Schedule"
"""The detail type of what the rule with a line's schedule sends."""
EXECUTION_ENDED = "Step Functions Execution Status Change"
ENDED = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")
MOST_DETAILS = 10
ATTEMPTS = 10
"""How often a change of the item is tried anew when others change it, too."""


@dataclass(frozen=True)
class Request:
    """One wish for a run: its reason, what was seen, and when."""

    reason: str
    detail: str
    at: dt.datetime
    day: str = ""
    """The day to which the dates move for it, e.g. that of the window that moved; empty: the day scored last."""


@dataclass(frozen=True)
class Waiting:
    """All that asked since the last start: the reasons and details, since when, the newest, the latest day asked."""

    reasons: list[str]
    details: list[str]
    since: str
    latest: str
    day: str = ""


@dataclass(frozen=True)
class Started:
    """The last run that was started here; ``confirmed`` once Step Functions knows it."""

    name: str
    at: str
    reasons: list[str]
    details: list[str]
    parameters: dict[str, str]
    confirmed: bool = False


@dataclass(frozen=True)
class State:
    """The item: ``scored`` is the day that was scored last, or nothing."""

    version: int = 0
    waiting: Waiting | None = None
    started: Started | None = None
    scored: str = ""


@dataclass(frozen=True)
class Rules:
    """What the line says under ``retraining``; ``dates`` are the parameters that move together, with their defaults."""

    cooldown: dt.timedelta
    quiet: dt.timedelta
    score_date: str
    dates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A line's place: where its ledger and receipts lie, and the state machine that is its run."""

    dynamodb: Any
    stepfunctions: Any
    s3: Any
    table: str
    lake: str
    name: str
    machine: str


def asked(state: State, request: Request) -> State:
    """Add a wish to those that wait. One that arose before the last start is answered by it: nothing changes.

    >>> noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    >>> asked(State(), Request("drift", "carrier 0.31", noon)).waiting.reasons
    ['drift']
    """
    if state.started is not None and request.at <= _instant(state.started.at):
        return state
    at, known = request.at.isoformat(), state.waiting
    day = request.at.date().isoformat() if request.reason == SCHEDULE else request.day
    if known is None:
        return replace(state, waiting=Waiting([request.reason], [request.detail], since=at, latest=at, day=day))
    details = known.details if request.detail in known.details else [*known.details, request.detail][-MOST_DETAILS:]
    return replace(
        state,
        waiting=Waiting(
            reasons=known.reasons if request.reason in known.reasons else [*known.reasons, request.reason],
            details=details,
            since=min(known.since, at, key=_instant),
            latest=max(known.latest, at, key=_instant),
            day=max(known.day, day),
        ),
    )


def not_before(state: State, rules: Rules) -> dt.datetime | None:
    """Return the moment from which what waits may start; None when nothing waits.

    A schedule waits for no cooldown; new data alone also waits until no more comes.
    """
    waiting = state.waiting
    if waiting is None:
        return None
    moments = [_instant(waiting.since)]
    if SCHEDULE not in waiting.reasons:
        if state.started is not None:
            moments.append(_instant(state.started.at) + rules.cooldown)
        if waiting.reasons == [DATA]:
            moments.append(_instant(waiting.latest) + rules.quiet)
    return max(moments)


def begun(state: State, line: str, rules: Rules, now: dt.datetime) -> State:
    """Return the state in which all that waits has become one run, not yet started."""
    waiting = state.waiting
    assert waiting is not None  # noqa: S101 (who calls has looked)
    day = waiting.day if SCHEDULE in waiting.reasons else max(waiting.day, state.scored)  # an alarm moves none back
    reason = "-".join(waiting.reasons)
    digest = hashlib.sha256(json.dumps([line, asdict(waiting), state.version]).encode()).hexdigest()[:8]
    started = Started(
        name=f"{reason}-{now:%Y%m%dT%H%M%S}-{digest}",
        at=now.isoformat(),
        reasons=waiting.reasons,
        details=waiting.details,
        parameters=moved(rules, day),
    )
    return replace(state, waiting=None, started=started)


def moved(rules: Rules, day: str) -> dict[str, str]:
    """Return the values of the dates that move, so that the scoring date is ``day``; none where nothing moves.

    >>> rules = Rules(dt.timedelta(), dt.timedelta(), "score", {"score": "2013-08-15", "test_from": "2013-07-01"})
    >>> moved(rules, "2013-08-20")
    {'score': '2013-08-20', 'test_from': '2013-07-06'}
    """
    if not day or not rules.dates:
        return {}
    by = dt.date.fromisoformat(day) - dt.date.fromisoformat(rules.dates[rules.score_date])
    return {name: (dt.date.fromisoformat(value) + by).isoformat() for name, value in rules.dates.items()}


def look(line: Line, rules: Rules, requests: Sequence[Request], *, ended: str = "", now: dt.datetime) -> dict[str, str]:
    """Take the wishes, start a run if one is due, and say what became of it.

    ``ended`` is a run that is over: the day that it scored is remembered. The answer has a ``status`` (``idle``,
    ``waiting``, ``busy`` or ``started``) with the ``run`` or what is waited for.
    """
    scored = _scored(line, ended)
    for _ in range(ATTEMPTS):
        read = state = _read(line)
        if state.started is not None and not state.started.confirmed:  # an earlier look did not come to its end
            _written(line, read, replace(state, started=_start(line, state.started)))
            continue
        for request in requests:
            state = asked(state, request)
        state = replace(state, scored=scored or state.scored)
        due = not_before(state, rules)
        busy = due is not None and due <= now and _busy(line)
        if due is None or due > now or busy:
            if state == read or _written(line, read, state):
                return _told(due, busy=busy)
            continue
        state = begun(state, line.name, rules, now)
        if not _written(line, read, state):
            continue
        assert state.started is not None  # noqa: S101 (just begun)
        _written(line, replace(read, version=read.version + 1), replace(state, started=_start(line, state.started)))
        return {"status": "started", "run": state.started.name, "why": "; ".join(state.started.details)}
    raise LineError(f"retraining: line {line.name!r} was changed by others {ATTEMPTS} times at once: it is tried again")


def _told(due: dt.datetime | None, *, busy: bool) -> dict[str, str]:
    if due is None:
        return {"status": "idle"}
    if busy:
        return {"status": "busy", "why": "a run is going on: the next begins when it has ended"}
    return {"status": "waiting", "why": f"not before {due.isoformat(timespec='seconds')}"}


def _start(line: Line, started: Started) -> Started:
    """Start the execution, unless its name is known already, and keep the story of it in the ledger."""
    told = {
        "line": line.name,
        "parameters": started.parameters,
        "reasons": started.reasons,
    }
    with suppress(line.stepfunctions.exceptions.ExecutionAlreadyExists):
        line.stepfunctions.start_execution(stateMachineArn=line.machine, name=started.name, input=json.dumps(told))
    line.dynamodb.put_item(
        TableName=line.table,
        Item={
            "pk": {"S": f"LINE#{line.name}"},
            "sk": {"S": f"{ITEM}#{started.name}"},
            "run": {"S": started.name},
            "at": {"S": started.at},
            "reasons": {"S": ", ".join(started.reasons)},
            "details": {"S": "; ".join(started.details)},
            "parameters": {"S": json.dumps(started.parameters)},
        },
    )
    return replace(started, confirmed=True)


def _busy(line: Line) -> bool:
    running = line.stepfunctions.list_executions(stateMachineArn=line.machine, statusFilter="RUNNING", maxResults=1)
    return bool(running["executions"])


def _scored(line: Line, run: str) -> str:
    """Return the day that a run scored, or nothing when it came to no end."""
    if not run:
        return ""
    receipt = receipts.read(line.s3, RunPaths(lake=line.lake, line=line.name, run=run), "scoring")
    return str(receipt.outputs.get("score_date", "")) if receipt and receipt.status in receipts.GOOD else ""


def _key(line: Line) -> dict[str, Any]:
    return {"pk": {"S": f"LINE#{line.name}"}, "sk": {"S": ITEM}}


def _read(line: Line) -> State:
    item = line.dynamodb.get_item(TableName=line.table, Key=_key(line), ConsistentRead=True).get("Item")
    if item is None:
        return State()
    kept = json.loads(item["state"]["S"])
    return State(
        version=int(item["version"]["N"]),
        waiting=Waiting(**kept["waiting"]) if kept["waiting"] else None,
        started=Started(**kept["started"]) if kept["started"] else None,
        scored=kept["scored"],
    )


def _written(line: Line, read: State, state: State) -> bool:
    """Write a state in place of the one that was read; False when somebody else was quicker."""
    kept = {name: value for name, value in asdict(state).items() if name != "version"}
    values = {":read": {"N": str(read.version)}}
    condition = "attribute_not_exists(pk) OR version = :read" if read.version == 0 else "version = :read"
    try:
        line.dynamodb.put_item(
            TableName=line.table,
            Item={**_key(line), "version": {"N": str(read.version + 1)}, "state": {"S": json.dumps(kept)}},
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
        )
    except line.dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def requested(event: Mapping[str, Any], alarms: Mapping[str, str]) -> Request | None:
    """Return the wish in an EventBridge event, or None when it only is a reason to look.

    ``alarms`` maps the name of an alarm to the reason that it stands for.
    """
    kind, detail = event.get("detail-type"), event.get("detail", {})
    at = _instant(event["time"])
    if kind == "CloudWatch Alarm State Change" and detail["alarmName"] in alarms:
        if detail["state"]["value"] != "ALARM":
            return None
        why = " ".join(str(detail["state"].get("reason", "")).split())[:300]
        return Request(alarms[detail["alarmName"]], f"alarm {detail['alarmName']}: {why}", at)
    if kind == "Object Created":
        return Request(DATA, f"new raw files under {detail['object']['key'].rsplit('/', 1)[0]}/", at)
    return Request(SCHEDULE, "the line's schedule", at) if kind == SCHEDULED else None


def told_by(ledger: Line, request: Request) -> Request:
    """Return a wish that an alarm stands for with what the ledger tells of it: what moved, since when, on which day.

    As it is when the ledger tells of no such alarm that goes on.
    """
    if request.reason not in (DRIFT, PERFORMANCE):
        return request
    incident = incidents.newest(ledger.dynamodb, ledger.table, ledger.name, request.reason)
    if incident is None or incident.state != "alarm":
        return request
    return replace(request, detail=incident.story, day=incident.day)


def over(event: Mapping[str, Any]) -> str:
    """Return the run that an event says has ended, or nothing: a run's id is the name of its execution."""
    return str(event["detail"]["name"]) if event.get("detail-type") == EXECUTION_ENDED else ""


def still(cloudwatch: Any, alarms: Mapping[str, str], now: dt.datetime) -> list[Request]:
    """Return a wish for each alarm that is going off now: it has no news to tell, and its reason holds on."""
    if not alarms:
        return []
    found = cloudwatch.describe_alarms(AlarmNames=sorted(alarms))["MetricAlarms"]
    return [
        Request(alarms[alarm["AlarmName"]], f"alarm {alarm['AlarmName']} has not ended", now)
        for alarm in found
        if alarm["StateValue"] == "ALARM"
    ]


def moment(event: Mapping[str, Any]) -> dt.datetime:
    """Return when an event happened: that is the handler's now, whenever it is delivered."""
    return _instant(event["time"])


def _instant(at: str) -> dt.datetime:
    return dt.datetime.fromisoformat(at)
