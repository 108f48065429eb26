"""What the ledger keeps of alarms: each change of a monitor's state, with what moved, since when and by how much."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PREFIX = "ALARM#"


@dataclass(frozen=True)
class Incident:
    """One change of state: an alarm, or its end."""

    monitor: str
    window: str
    """The start of the window that was judged, ``YYYY-MM-DDTHH:MMZ``."""
    state: str
    """``alarm`` or ``ok``."""
    at: str
    since: str
    what: list[dict[str, Any]] = field(default_factory=list)
    """``column``, ``index``, ``bar``, ``against``, or ``metric``, ``value``, ``bar``; the worst first."""
    slice: str = ""
    link: str = ""
    runbook: str = ""
    says: str = ""

    @property
    def day(self) -> str:
        """The day of the window that moved."""
        return self.window[:10]

    @property
    def moved(self) -> str:
        """Say what moved, by how much.

        >>> Incident("drift", "", "alarm", "", "", [{"column": "carrier", "index": 0.314, "bar": 0.25}]).moved
        'carrier 0.31 (bar 0.25)'
        """
        return ", ".join(_one(figure) for figure in self.what)

    @property
    def story(self) -> str:
        """Say in one line what another training answers: ``drift of carrier 0.31 (bar 0.25) since 2013-09-01``."""
        where = f" in {self.slice}" if self.slice else ""
        return f"{self.monitor} of {self.moved or 'what was not told'}{where} since {self.since[:10]}"


def newest(dynamodb: Any, table: str, line: str, monitor: str) -> Incident | None:
    """Return the last change of a monitor's state; None when it never changed."""
    found = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": f"LINE#{line}"}, ":sk": {"S": f"{_PREFIX}{monitor}#"}},
        ScanIndexForward=False,
        Limit=1,
        ConsistentRead=True,
    )["Items"]
    return _read(found[0]) if found else None


def every(dynamodb: Any, table: str, line: str) -> list[Incident]:
    """Return all changes of state of all monitors of a line, by window and monitor."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": f"LINE#{line}"}, ":sk": {"S": _PREFIX}},
        ConsistentRead=True,
    )
    found = [_read(item) for page in pages for item in page["Items"]]
    return sorted(found, key=lambda incident: (incident.window, incident.monitor, incident.state))


def _one(figure: Mapping[str, Any]) -> str:
    name = figure.get("column") or figure.get("metric") or "something"
    value, bar = figure.get("index", figure.get("value")), figure.get("bar")
    return f"{name} {_short(value)}" + (f" (bar {_short(bar)})" if bar is not None else "")


def _short(value: Any) -> str:
    return f"{float(f'{value:.2g}'):g}" if isinstance(value, int | float) else "unknown"


def _read(item: Mapping[str, Any]) -> Incident:
    _, monitor, window, state = item["sk"]["S"].split("#", 3)
    told = {
        name: item[name]["S"]
        for name in ("at", "since", "slice", "link", "runbook", "says")
        if "S" in item.get(name, {})
    }
    return Incident(
        monitor=monitor,
        window=window,
        state=state,
        at=told.pop("at", window),
        since=told.pop("since", window),
        what=json.loads(item["what"]["S"]) if "what" in item else [],
        **told,
    )
