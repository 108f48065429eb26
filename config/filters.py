"""SNS filter policies over the body of a prediction's message: checked before SNS refuses one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

TEXTS = ("event_id", "prediction_id", "line", "run", "id", "event_time", "at")
NUMBERS = ("schema", "model_version", "score")
"""The fields of a prediction's message, by the type of their values."""

MOST_KEYS = 5
MOST_COMBINATIONS = 150
"""SNS takes no more."""

_OF_TEXT = ("prefix", "suffix", "equals-ignore-case", "wildcard")
_COMPARISONS = ("=", "<", "<=", ">", ">=")


def check(policy: Mapping[str, Sequence[Any]]) -> None:
    """Raise ValueError, naming the field, for a policy that SNS would refuse or that no record can match.

    >>> check({"score": [{"numeric": [">=", 0.5]}], "run": [{"anything-but": ["run-1"]}]})
    """
    if not policy:
        raise ValueError("it is empty, expected at least one field: leave it out to get every prediction")
    if len(policy) > MOST_KEYS:
        raise ValueError(f"it has {len(policy)} fields, expected at most {MOST_KEYS}")
    for field, conditions in policy.items():
        if field not in (*TEXTS, *NUMBERS):
            allowed = ", ".join((*TEXTS, *NUMBERS))
            raise ValueError(f"{field!r} is not a field of a prediction, expected one of {allowed}")
        if not conditions:
            raise ValueError(f"{field}: it has no condition, expected at least one")
        for condition in conditions:
            if (told := _wrong(field, condition)) is not None:
                raise ValueError(f"{field}: {condition!r} {told}")
    if (combinations := math.prod(map(len, policy.values()))) > MOST_COMBINATIONS:
        raise ValueError(f"its conditions make {combinations} combinations, expected at most {MOST_COMBINATIONS}")


def _wrong(field: str, condition: Any) -> str | None:
    """Return what is wrong with one condition; None when nothing is."""
    number = field in NUMBERS
    if not isinstance(condition, Mapping):
        return None if _fits(condition, number) else f"can never match: the field holds {_kind(number)}"
    operators = ("anything-but", "exists", *(("numeric",) if number else _OF_TEXT))
    if len(condition) != 1 or (operator := next(iter(condition))) not in operators:
        return f"is no condition on {_kind(number)}, expected a value or one of {', '.join(operators)}"
    value = condition[operator]
    match operator:
        case "exists":
            good = isinstance(value, bool)
        case "anything-but":
            values = value if isinstance(value, list) else [value]
            good = bool(values) and all(_fits(one, number) or (not number and _of_text(one)) for one in values)
        case "numeric":
            good = _is_range(value)
        case _:
            good = isinstance(value, str) and value != ""
    return None if good else f"has a value that {operator} does not take"


def _fits(value: Any, number: bool) -> bool:
    if number:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)


def _of_text(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and set(value) <= set(_OF_TEXT)


def _is_range(value: Any) -> bool:
    """Whether it is ``[<comparison>, <number>]``, or two of them with a lower and an upper bound."""
    if not isinstance(value, list) or len(value) not in (2, 4):
        return False
    pairs = [(value[i], value[i + 1]) for i in range(0, len(value), 2)]
    if not all(sign in _COMPARISONS and _fits(bound, True) for sign, bound in pairs):
        return False
    return len(pairs) == 1 or (pairs[0][0] in (">", ">=") and pairs[1][0] in ("<", "<=") and pairs[0][1] <= pairs[1][1])


def _kind(number: bool) -> str:
    return "a number" if number else "text"
