"""How an alarm is judged: a metric alarm by its values, a composite alarm by the states of others."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from config.errors import LineError

BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
TOKEN = re.compile(
    r"\s*(?:(AND|OR|NOT|TRUE|FALSE|\(|\))|(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(\"[^\"]+\"|'[^']+'|[^)]+?)\s*\))"
)


def judged(alarm: Mapping[str, Any], values: Sequence[float | None]) -> tuple[str, str]:
    """Return state and reason of a metric alarm from the values of its periods; None is a period without data.

    >>> alarm = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0.2, "EvaluationPeriods": 3,
    ...     "DatapointsToAlarm": 2, "StateValue": "OK"}
    >>> judged(alarm, [0.1, 0.3, 0.4])[0], judged(alarm, [None, None, 0.4])[0], judged(alarm, [None] * 3)[0]
    ('ALARM', 'OK', 'INSUFFICIENT_DATA')
    """
    operation = alarm["ComparisonOperator"]
    if operation not in BREACHES:
        raise LineError(f"comparison {operation}: it is not supported, expected one of {', '.join(BREACHES)}")
    missing = alarm.get("TreatMissingData") or "missing"
    given = [value for value in values if value is not None]
    breaching = sum(BREACHES[operation](value, alarm["Threshold"]) for value in given)
    needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    told = f"{breaching} of {len(values)} datapoints {given} breach {operation} {alarm['Threshold']}, {needed} needed"
    if not given and missing == "ignore":
        return alarm["StateValue"], told
    if not given and missing == "missing":
        return "INSUFFICIENT_DATA", "no datapoints were received"
    if missing == "breaching":
        breaching += len(values) - len(given)
    return "ALARM" if breaching >= needed else "OK", told


def composed(alarm: Mapping[str, Any], states: Mapping[str, str]) -> tuple[str, str]:
    """Return state and reason of a composite alarm, given the states of others by name and ARN."""
    state = "ALARM" if holds(alarm["AlarmRule"], states) else "OK"
    return state, f"{alarm['AlarmRule']} is {state}"


def holds(rule: str, states: Mapping[str, str]) -> bool:
    """Decide a composite alarm's rule, given the states of other alarms by name and ARN.

    >>> holds('ALARM("drift") AND NOT (OK(performance) OR FALSE)', {"drift": "ALARM", "performance": "ALARM"})
    True
    """
    tokens = _tokens(rule, states)
    value = _either(tokens)
    if tokens:
        raise LineError(f"alarm rule {rule!r}: {tokens[0]!r} is out of place")
    return value


def _tokens(rule: str, states: Mapping[str, str]) -> list[str]:
    """Return the words of a rule with each question about an alarm answered."""
    tokens, end = [], 0
    while rule[end:].strip():
        found = TOKEN.match(rule, end)
        if not found:
            raise LineError(f"alarm rule {rule!r}: {rule[end:].strip()!r} cannot be read")
        word, state, name = found.groups()
        tokens.append(word or ("TRUE" if states.get(name.strip("\"'")) == state else "FALSE"))
        end = found.end()
    return tokens


def _either(tokens: list[str]) -> bool:
    value = _all(tokens)
    while tokens[:1] == ["OR"]:
        tokens.pop(0)
        value = _all(tokens) or value
    return value


def _all(tokens: list[str]) -> bool:
    value = _one(tokens)
    while tokens[:1] == ["AND"]:
        tokens.pop(0)
        value = _one(tokens) and value
    return value


def _one(tokens: list[str]) -> bool:
    word = tokens.pop(0) if tokens else "nothing"
    if word == "NOT":
        return not _one(tokens)
    if word == "(":
        value = _either(tokens)
        if tokens[:1] != [")"]:
            raise LineError("alarm rule: a parenthesis is not closed")
        tokens.pop(0)
        return value
    if word not in ("TRUE", "FALSE"):
        raise LineError(f"alarm rule: {word!r} is out of place")
    return word == "TRUE"
