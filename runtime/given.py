"""What a run gives to its tests: its moment and its parameters, which bounds and conditions may name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from config.errors import LineError
from runtime.engine import Connection, listed


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Given:
    parameters: Mapping[str, object] = field(default_factory=dict)
    now: dt.datetime = field(default_factory=_now)

    def value(self, bound: float | str, key: str) -> float | dt.date:
        """Return what a bound of a test stands for; raises LineError naming the key for an unknown parameter."""
        if not isinstance(bound, str):
            return bound
        if bound == "now":
            return self.now
        if not bound.startswith("$"):
            return dt.date.fromisoformat(bound) if len(bound) == len("2013-01-31") else moment(bound)
        found = self._parameter(bound.removeprefix("$"), key)
        if isinstance(found, bool) or not isinstance(found, int | float | dt.date):
            raise LineError(f"{key}: parameter {bound!r} is {found!r}, expected a number or a date: name another")
        return found

    def moment(self, bound: str, key: str) -> dt.datetime:
        """Return the moment that a text stands for; a date is its first moment, in UTC."""
        found = self.value(bound, key)
        if not isinstance(found, dt.date):
            raise LineError(f"{key}: parameter {bound!r} is {found!r}, expected a date: name another")
        return found if isinstance(found, dt.datetime) else dt.datetime.combine(found, dt.time(), dt.UTC)

    def bound_in(self, connection: Connection, query: str, key: str) -> dict[str, object]:
        """Return the values of the ``$parameters`` that a query names."""
        names = {name for statement in connection.extract_statements(query) for name in statement.named_parameters}
        return {name: self._parameter(name, key) for name in sorted(names)}

    def _parameter(self, name: str, key: str) -> object:
        if name not in self.parameters:
            raise LineError(
                f"{key}: ${name} is not a declared parameter, expected one of {listed(self.parameters)}: "
                "correct the name or declare it under parameters in line.yaml"
            )
        return self.parameters[name]


def moment(text: str) -> dt.datetime:
    """Return the moment that an ISO text names; without a zone it is UTC.

    >>> moment("2013-01-31T12:00").isoformat()
    '2013-01-31T12:00:00+00:00'
    """
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
