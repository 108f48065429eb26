"""What each station of a line depends on, as it is known when the line is synthesized.

Pure data: it is made from the line's SQL (``runtime.planning``), staged as one JSON document, and read where neither a
database nor a model of the line can be imported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Statement:
    """A SELECT: a digest of its text, what it reads and which parameters it names."""

    file: str
    digest: str
    sources: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A line, as far as freshness goes."""

    line: str
    code: str
    """Digest of the platform's own code."""
    parameters: Mapping[str, Mapping[str, str]]
    """Parameter -> its ``type`` and the ``value`` that it has in this environment."""
    sources: Mapping[str, Mapping[str, Any]]
    """Source -> its ``kind`` and what it says of itself."""
    curation: Mapping[str, Statement]
    features: Mapping[str, Statement]
    spine: Statement
    views: tuple[str, ...]
    """The feature views that examples are joined with."""
    scored: str
    """The date parameter of what is scored."""
    split: tuple[str, ...]
    """The date parameters of the dataset's parts."""
    settings: Mapping[str, Mapping[str, str]]
    """Station -> what line.yaml and train.py say of it, as name -> digest."""
    timely: tuple[str, ...] = ()
    """The stations with tests that look at the clock."""

    def encoded(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    def values(self, given: Mapping[str, object]) -> dict[str, str]:
        """Return every parameter's value as text, those that a run gives in place of the environment's."""
        return {
            name: canonical(declared["type"], given.get(name, declared["value"]))
            for name, declared in self.parameters.items()
        }


def decoded(body: bytes | str) -> Plan:
    """Return the plan that was staged."""
    given = json.loads(body)
    for kind in ("curation", "features"):
        given[kind] = {name: _statement(one) for name, one in given[kind].items()}
    tuples = {name: tuple(given[name]) for name in ("views", "split", "timely")}
    return Plan(**{**given, **tuples, "spine": _statement(given["spine"])})


def _statement(given: Mapping[str, Any]) -> Statement:
    lists = {name: tuple(given[name]) for name in ("sources", "tables", "parameters")}
    return Statement(file=given["file"], digest=given["digest"], **lists)


def canonical(kind: str, value: object) -> str:
    """Return a parameter's value as one text, however it was written; what is no value of its type stays as it is.

    >>> canonical("number", "1.50"), canonical("integer", "007"), canonical("boolean", True)
    ('1.5', '7', 'true')
    """
    try:
        match kind:
            case "integer":
                return str(int(str(value)))
            case "number":
                return repr(float(str(value)))
    except ValueError:
        pass
    return str(value).lower() if isinstance(value, bool) else str(value)
