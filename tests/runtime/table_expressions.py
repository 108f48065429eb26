"""Expressions of DynamoDB, compiled once: what conditions hold for an item, and what an update makes of it.

Knows comparisons, BETWEEN, AND, OR, NOT, parentheses, ``attribute_exists``, ``attribute_not_exists``, ``begins_with``,
``contains``, and SET (with ``if_not_exists`` and +), REMOVE, ADD and DELETE of names at the top of an item. Anything
else is a ValueError.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]
Names = Mapping[str, str]
Values = Mapping[str, Value]
Operand = Callable[[Item, Names, Values], Value | None]
Condition = Callable[[Item, Names, Values], bool]
Action = Callable[[Item, Item, Names, Values], None]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),+]|[#:]?\w+)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class _Tokens:
    def __init__(self, text: str) -> None:
        self.text, self.left = text, [found[1] for found in _TOKEN.finditer(text)]
        if re.sub(r"\s", "", "".join(self.left)) != re.sub(r"\s", "", text):
            raise ValueError(text)

    @property
    def next(self) -> str:
        return self.left[0] if self.left else ""

    def take(self, *wanted: str) -> str:
        found = self.next
        if not found or (wanted and found.upper() not in wanted):
            raise ValueError(f"{self.text}: {found!r} where {wanted} was expected")
        return self.left.pop(0)

    def takes(self, *wanted: str) -> str:
        return self.left.pop(0) if self.next.upper() in wanted else ""


@lru_cache(maxsize=4096)
def condition(text: str) -> Condition:
    """Return what tells whether a condition holds."""
    tokens = _Tokens(text)
    found = _either(tokens)
    if tokens.left:
        raise ValueError(text)
    return found


@lru_cache(maxsize=4096)
def update(text: str) -> list[Action]:
    """Return what an update does, in its order: each action changes the second item, as the first one says."""
    tokens = _Tokens(text)
    return list(_actions(tokens))


def _either(tokens: _Tokens) -> Condition:
    parts = [_both(tokens)]
    while tokens.takes("OR"):
        parts.append(_both(tokens))
    return parts[0] if len(parts) == 1 else lambda i, n, v: any(part(i, n, v) for part in parts)


def _both(tokens: _Tokens) -> Condition:
    parts = [_negated(tokens)]
    while tokens.takes("AND"):
        parts.append(_negated(tokens))
    return parts[0] if len(parts) == 1 else lambda i, n, v: all(part(i, n, v) for part in parts)


def _negated(tokens: _Tokens) -> Condition:
    if tokens.takes("NOT"):
        inner = _negated(tokens)
        return lambda i, n, v: not inner(i, n, v)
    return _simple(tokens)


def _simple(tokens: _Tokens) -> Condition:
    if tokens.takes("("):
        inner = _either(tokens)
        tokens.take(")")
        return inner
    if function := tokens.takes("ATTRIBUTE_EXISTS", "ATTRIBUTE_NOT_EXISTS"):
        tokens.take("(")
        path, wanted = _operand(tokens), function.lower() == "attribute_exists"
        tokens.take(")")
        return lambda i, n, v: (path(i, n, v) is not None) is wanted
    if function := tokens.takes("BEGINS_WITH", "CONTAINS"):
        tokens.take("(")
        path = _operand(tokens)
        tokens.take(",")
        part = _operand(tokens)
        tokens.take(")")
        return _within(function.lower(), path, part)
    left = _operand(tokens)
    if tokens.takes("BETWEEN"):
        low = _operand(tokens)
        tokens.take("AND")
        return _and(_compared(">=", left, low), _compared("<=", left, _operand(tokens)))
    return _compared(tokens.take("=", "<>", *_COMPARE), left, _operand(tokens))


def _and(one: Condition, other: Condition) -> Condition:
    return lambda i, n, v: one(i, n, v) and other(i, n, v)


def _within(function: str, path: Operand, part: Operand) -> Condition:
    def holds(item: Item, names: Names, values: Values) -> bool:
        found, wanted = path(item, names, values), part(item, names, values)
        if found is None or wanted is None:
            return False
        (kind, text), (_, piece) = next(iter(found.items())), next(iter(wanted.items()))
        return bool(text.startswith(piece)) if function == "begins_with" and kind == "S" else piece in text

    return holds


def _compared(sign: str, left: Operand, right: Operand) -> Condition:
    def holds(item: Item, names: Names, values: Values) -> bool:
        one, other = left(item, names, values), right(item, names, values)
        if one is None or other is None:
            return sign == "<>"
        (kind, a), (of, b) = next(iter(one.items())), next(iter(other.items()))
        if kind == of == "N":
            a, b = Decimal(a), Decimal(b)
        if sign in ("=", "<>"):
            return bool((kind == of and a == b) == (sign == "="))
        return kind == of and _COMPARE[sign](a, b)

    return holds


def _operand(tokens: _Tokens) -> Operand:
    name = tokens.take()
    if not re.fullmatch(r"[#:]?\w+", name):
        raise ValueError(tokens.text)
    if name.startswith(":"):
        return lambda i, n, v: v[name]
    if name == "if_not_exists":
        tokens.take("(")
        path = _operand(tokens)
        tokens.take(",")
        other = _operand(tokens)
        tokens.take(")")
        return lambda i, n, v: found if (found := path(i, n, v)) is not None else other(i, n, v)
    return lambda i, n, v: i.get(n[name] if name.startswith("#") else name)


def _actions(tokens: _Tokens) -> Iterator[Action]:
    while tokens.left:
        kind = tokens.take("SET", "REMOVE", "ADD", "DELETE").upper()
        yield _action(kind, tokens)
        while tokens.takes(","):
            yield _action(kind, tokens)


def _action(kind: str, tokens: _Tokens) -> Action:
    name = tokens.take()

    def path(names: Names) -> str:
        return names[name] if name.startswith("#") else name

    if kind == "REMOVE":
        return lambda _, after, n, v: _removed(after, path(n))
    if kind == "SET":
        tokens.take("=")
    value = _sum(tokens) if kind == "SET" else _operand(tokens)

    def act(before: Item, after: Item, names: Names, values: Values) -> None:
        given = value(before, names, values)
        if given is None:
            raise ValueError(tokens.text)
        after[path(names)] = given if kind == "SET" else _changed(kind, before.get(path(names)), given)
        if not next(iter(after[path(names)].values())) and next(iter(given)) in ("SS", "NS"):
            del after[path(names)]  # a set is never empty

    return act


def _removed(item: Item, name: str) -> None:
    item.pop(name, None)


def _sum(tokens: _Tokens) -> Operand:
    left = _operand(tokens)
    if not tokens.takes("+"):
        return left
    right = _operand(tokens)

    def added(item: Item, names: Names, values: Values) -> Value | None:
        one, other = left(item, names, values), right(item, names, values)
        return None if one is None or other is None else _changed("ADD", one, other)

    return added


def _changed(kind: str, known: Value | None, given: Value) -> Value:
    ((of, more),) = given.items()
    if of == "N":
        return {"N": str(Decimal(known["N"] if known else 0) + Decimal(more))}
    before = set(known[of]) if known else set()
    return {of: sorted(before | set(more) if kind == "ADD" else before - set(more))}
