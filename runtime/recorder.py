"""The recorder: whatever the ledger keeps of what happens, each kind of event in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime import chronicle, events, flow, ledger

_ABOUT = ("line", "run", "station", "environment", "id", "alarmName")


def record(dynamodb: Any, table: str, environment: str, event: Mapping[str, Any]) -> bool:
    """Keep an event of an environment; returns False when it was known already, or is another environment's."""
    match event["detail-type"]:
        case events.ALARM_CHANGED:
            return chronicle.keep_alarm(dynamodb, table, environment, event)
        case events.ENVIRONMENT_DEPLOYED:
            return chronicle.keep_deploy(dynamodb, table, event["detail"])
    detail = event["detail"]
    fresh, run = ledger.keep(dynamodb, table, event)
    if fresh and event["detail-type"] in (events.STATION_FINISHED, events.RUN_FINISHED):
        flow.tell(run, detail.get("station", events.WHOLE_RUN))
    return fresh


def about(event: Mapping[str, Any]) -> dict[str, str]:
    """Return what an event is about, for the log."""
    return {name: event["detail"][name] for name in _ABOUT if name in event["detail"]}
