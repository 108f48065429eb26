"""The grammar of DQDL as AWS Glue publishes it, as far as rulesets need it: a text that it refuses raises ValueError.

rules:  'Rules' '=' '[' rule (',' rule)* ']'
rule:   single | '(' rule ')' (('and' | 'or') '(' rule ')')*
single: TYPE parameter* condition? ('where' STRING)? ('with' 'threshold' condition)?
"""

from __future__ import annotations

import re

TYPES = {
    "ColumnLength": 1,
    "ColumnValues": 1,
    "Completeness": 1,
    "CustomSql": 1,
    "IsComplete": 1,
    "IsPrimaryKey": None,
    "IsUnique": 1,
    "Mean": 1,
    "ReferentialIntegrity": 2,
    "RowCount": 0,
}
"""Rule types and how many texts they take."""
_TOKEN = re.compile(
    r"""\s+|\#[^\n]*\n|(?P<string>"(?:\\["\\]|[^"\\])*")|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))"""
    r"""|(?P<word>now\(\)|[A-Za-z_][A-Za-z0-9_.]*)|(?P<sign>>=|<=|[=<>\[\](),*])""",
)
_COMPARISONS = (">=", "<=", "=", ">", "<")


def parse(text: str) -> list[str]:
    """Return the types of the rules in order."""
    return _Parser(_tokens(text)).rules()


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"no token at {text[at : at + 40]!r}")
        if found.lastgroup:
            tokens.append(found[0])
        at = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._types = tokens, list[str]()

    def rules(self) -> list[str]:
        for token in ("Rules", "=", "["):
            self._take(token)
        self._rule()
        while self._next() == ",":
            self._take(",")
            self._rule()
        self._take("]")
        if self._tokens:
            raise ValueError(f"text after the rules: {self._tokens[0]}")
        return self._types

    def _rule(self) -> None:
        if self._next() != "(":
            return self._single()
        while True:
            self._take("(")
            self._rule()
            self._take(")")
            if self._next() not in ("and", "or"):
                return None
            self._take(self._next())

    def _single(self) -> None:
        kind = self._take(self._next())
        if kind not in TYPES:
            raise ValueError(f"{kind} is no rule type")
        self._types.append(kind)
        texts = 0
        while self._next().startswith('"'):
            self._take(self._next())
            texts += 1
        wanted = TYPES[kind]
        if texts != wanted if wanted is not None else not texts:
            raise ValueError(f"{kind} takes {wanted} texts, not {texts}")
        self._condition()
        if self._next() == "where":
            self._take("where")
            self._string()

    def _condition(self) -> None:
        if self._next() in _COMPARISONS:
            self._take(self._next())
            self._value()
            if self._next() == "*":
                self._take("*")
                self._value()
        elif self._next() == "in":
            self._take("in")
            self._take("[")
            self._value()
            while self._next() == ",":
                self._take(",")
                self._value()
            self._take("]")
        elif self._next() == "matches":
            self._take("matches")
            self._string()

    def _value(self) -> None:
        token = self._take(self._next())
        if token in ("avg", "last"):
            self._take("(")
            self._value()
            self._take(")")
        elif not re.fullmatch(r'".*"|-?\d+(\.\d+)?|now\(\)', token, re.DOTALL):
            raise ValueError(f"{token} is no value")

    def _string(self) -> None:
        if not self._take(self._next()).startswith('"'):
            raise ValueError("expected a text")

    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self, token: str) -> str:
        if not self._tokens or self._tokens[0] != token:
            raise ValueError(f"expected {token!r}, found {self._next()!r}")
        return self._tokens.pop(0)
