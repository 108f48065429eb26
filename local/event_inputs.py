"""What a rule's target is given of an event: all of it, a part, a constant, or a template filled from it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

from local.event_targets import text_of

PLACEHOLDER = re.compile(r"<([A-Za-z0-9._-]+)>")


def input_for(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str = "") -> str:
    """Return the text that the target gets.

    >>> event = {"source": "assembly-line", "detail": {"run": "run-1", "n": 2}}
    >>> input_for({"InputPath": "$.detail"}, event)
    '{"run": "run-1", "n": 2}'
    >>> paths = {"run": "$.detail.run", "n": "$.detail.n"}
    >>> template = '{"run": <run>, "text": "<n> of <run>"}'
    >>> input_for({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}, event)
    '{"run": "run-1", "text": "2 of run-1"}'
    """
    if target.get("Input") is not None:
        return str(target["Input"])
    if transformer := target.get("InputTransformer"):
        values = {name: at(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
        return filled(transformer["InputTemplate"], values | _given(event, rule_arn))
    return text_of(at(event, target["InputPath"]) if target.get("InputPath") else event)


def at(event: Any, path: str) -> Any:
    """Return what lies at a path such as ``$.detail.run`` or ``$.resources[0]``; None when nothing does.

    >>> at({"resources": ["a", "b"]}, "$.resources[1]")
    'b'
    """
    for step in re.findall(r"\[(\d+)\]|\[['\"]([^'\"]+)['\"]\]|\.([^.\[]+)", path):
        index, quoted, name = step
        try:
            event = event[int(index)] if index else event[quoted or name]
        except (KeyError, IndexError, TypeError):
            return None
    return event


def filled(template: str, values: Mapping[str, Any]) -> str:
    """Fill a template: within quotes a value's text, outside of them its JSON."""
    pieces, end = [], 0
    for placeholder in PLACEHOLDER.finditer(template):
        if placeholder[1] not in values:
            continue
        before = template[: placeholder.start()]
        quoted = len(re.findall(r'(?<!\\)"', before)) % 2 == 1
        value = values[placeholder[1]]
        whole = value if isinstance(value, str) else text_of(value)
        pieces += [template[end : placeholder.start()], text_of(whole)[1:-1] if quoted else text_of(value)]
        end = placeholder.end()
    return "".join([*pieces, template[end:]])


def _given(event: Mapping[str, Any], rule_arn: str) -> dict[str, Any]:
    return {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rsplit("/", 1)[-1],
        "aws.events.event.json": event,
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.ingestion-time": event.get("time"),
    }


def as_delivered(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return moto's event as targets see it: without its notes, with its time in ISO 8601."""
    told = {key: value for key, value in event.items() if key != "ingestion-time"}
    if isinstance(told.get("time"), int | float):
        told["time"] = dt.datetime.fromtimestamp(told["time"], dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.loads(text_of(told))  # type: ignore[no-any-return]
