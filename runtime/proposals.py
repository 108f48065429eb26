"""What line.yaml might say instead, so that a test describes the data as they are."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from config.checks import (
    AcceptedValues,
    Check,
    Freshness,
    Length,
    Mean,
    Quantile,
    Range,
    RowCount,
    RowCountChange,
    Share,
)
from config.thresholds import LEVELS, RowCheck
from runtime.findings import Figure, plain
from runtime.history import Entry

MOST_VALUES = 20
"""Values that a proposal adds to a list; with more than that, the column is no list of accepted values."""


def proposal(check: Check, found: Figure, unexpected: Sequence[Any]) -> str:
    """Return a test as YAML that the table, as it is now, would pass at severity ``info``; nothing where none would."""
    change: dict[str, Any]
    at = check.at("info")
    match at:
        case RowCount():
            change = widened(at, found.of, found.of)
        case RowCountChange():
            change = {"maximum": rounded(abs(found.value), up=True)}
        case Freshness():
            change = {"hours": math.ceil(found.value)} if found.value is not None else {}
        case Mean() | Quantile() | Share():
            change = widened(at, found.value, found.value) if _finite(found.value) else {}
        case Range() | Length() if _finite(found.low) and _finite(found.high):
            change = widened(at, found.low, found.high)
        case AcceptedValues() if 0 < len(unexpected) <= MOST_VALUES:
            change = {"values": [*at.values, *unexpected]}
        case _:
            change = {"tolerance": rounded(found.failed / found.of, up=True)} if found.of else {}
    return as_yaml(check, change) if change else ""


def learned(check: Check, name: str, entries: Sequence[Entry]) -> str:
    """Return a test as YAML that every kept report would pass at severity ``info``; nothing when they do already."""
    found = [entry.tests[name] for entry in entries if name in entry.tests and entry.tests[name]["of"]]
    if "info" not in check.severities or not found:
        return ""
    at, change = check.at("info"), {}
    lows, highs, values = ([one[key] for one in found if _finite(one.get(key))] for key in ("low", "high", "value"))
    match at:
        case RowCount():
            change = widened(at, min(one["of"] for one in found), max(one["of"] for one in found))
        case RowCountChange() if values:
            change = {"maximum": max(_number(at.maximum), rounded(max(map(abs, values)), up=True))}
        case Freshness() if values:
            change = {"hours": max(_number(at.hours), math.ceil(max(values)))}
        case Mean() | Quantile() | Share() if values:
            change = widened(at, min(values), max(values))
        case Range() | Length() if lows and highs:
            change = widened(at, min(lows), max(highs))
        case RowCheck():
            share = rounded(max(one["failed"] / one["of"] for one in found), up=True)
            change = {"tolerance": share} if share > at.allowed else {}
    return as_yaml(check, change) if any(value != getattr(at, key) for key, value in change.items()) else ""


def widened(check: Any, low: Any, high: Any) -> dict[str, Any]:
    """Return the bounds that a test has, moved outwards as far as these values lie."""
    change = {}
    if check.minimum is not None:
        change["minimum"] = _outer(check.minimum, plain(low), min)
    if check.maximum is not None:
        change["maximum"] = _outer(check.maximum, plain(high), max)
    return change


def _outer(bound: Any, value: Any, choose: Any) -> Any:
    if isinstance(bound, str) and (bound == "now" or bound.startswith("$")):
        return bound if choose is min else value
    if isinstance(value, float):
        value = rounded(value, up=choose is max)
    return choose(str(value), str(bound)) if isinstance(bound, str) else choose(value, bound)


def rounded(value: float, *, up: bool) -> float:
    """Return a number with four significant digits, rounded away so that it still holds.

    >>> rounded(0.0123456, up=True), rounded(123456.7, up=False)
    (0.01235, 123400.0)
    """
    if not value or not math.isfinite(value):
        return value
    scale = 10.0 ** (3 - math.floor(math.log10(abs(value))))
    found = (math.ceil if up else math.floor)(value * scale) / scale
    return found if (found >= value if up else found <= value) else value


def as_yaml(check: Check, change: dict[str, Any]) -> str:
    """Return a test with changed settings as one line of YAML; of thresholds by severity that of ``info`` changes."""
    whole: dict[str, Any] = {"check": check.check, **check.model_dump(exclude_defaults=True)}
    for name, value in change.items():
        declared = getattr(check, name)
        whole[name] = (
            {**declared.model_dump(exclude_none=True), "info": value} if isinstance(declared, LEVELS) else value
        )
    return _yaml(whole)


def _yaml(value: Any) -> str:
    """A value in JSON, which is YAML; a plain word without its quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(json.dumps(one, ensure_ascii=False) for one in value) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    plain_word = isinstance(value, str) and value.isidentifier() and value.lower() not in _WORDS_OF_YAML
    return value if plain_word else json.dumps(value, ensure_ascii=False)


_WORDS_OF_YAML = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def _number(bound: Any) -> float:
    return float(bound)


def _finite(value: Any) -> bool:
    if isinstance(value, str):
        return "inf" not in value
    return value is not None and (not isinstance(value, float) or math.isfinite(value))
