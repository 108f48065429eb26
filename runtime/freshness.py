"""Freshness: a station whose inputs, code and parameters are those of its last good run need not run again.

What a station's outcome depends on are its **components**: named values, such as ``curation/flights.sql``, ``source
weather`` or ``parameter late_minutes``, each a digest or a small value. Their digest is the station's fingerprint. The
ledger keeps the components of each station's last good run, so that it can be told not only whether something changed
but what. Before a station that is not fresh works, that record is taken away: a run that dies in between leaves none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Components = Mapping[str, str]

CODE = "the platform's code"
_SHOWN = 3


@dataclass(frozen=True)
class Known:
    """A station's last good run and what its outcome depended on."""

    run: str
    components: Components


@dataclass(frozen=True)
class Verdict:
    """Whether a station is fresh, and why it is not (or since which run it is)."""

    fresh: bool
    why: str
    run: str = ""


def digest(value: Any) -> str:
    """Return a digest of anything that JSON can hold.

    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:32]


def fingerprint(*, statement: str, parameters: Mapping[str, object], inputs: Mapping[str, str], code: str) -> str:
    """Return the fingerprint of a table: two tables with one fingerprint hold the same."""
    values = {name: str(value) for name, value in parameters.items()}
    return digest([statement, values, dict(inputs), code])


def judge(now: Components, known: Known | None, *, forced: bool = False, unknown: str = "") -> Verdict:
    """Decide on a station; ``unknown`` names an input of which nobody can tell whether it changed.

    >>> judge({"a.sql": "1"}, Known("run-1", {"a.sql": "1"}))
    Verdict(fresh=True, why='nothing changed since run-1', run='run-1')
    >>> judge({"a.sql": "2"}, Known("run-1", {"a.sql": "1"})).why
    'a.sql changed'
    """
    if forced:
        return Verdict(fresh=False, why="it is forced")
    if known is None:
        return Verdict(fresh=False, why="it has no good run yet")
    if unknown:
        return Verdict(fresh=False, why=f"only reading it tells whether {unknown} changed")
    then = known.components
    changes = [
        *(f"{name} changed" for name in sorted(now) if name in then and now[name] != then[name]),
        *(f"{name} is new" for name in sorted(now) if name not in then),
        *(f"{name} is gone" for name in sorted(then) if name not in now),
    ]
    if not changes:
        return Verdict(fresh=True, why=f"nothing changed since {known.run}", run=known.run)
    rest = len(changes) - _SHOWN
    return Verdict(fresh=False, why=", ".join(changes[:_SHOWN]) + (f" and {rest} more" if rest > 0 else ""))


def known(dynamodb: Any, table: str, line: str, station: str) -> Known | None:
    """Return what the ledger knows of a station's last good run."""
    item = dynamodb.get_item(TableName=table, Key=_key(line, station), ConsistentRead=True).get("Item")
    return Known(run=item["run"]["S"], components=json.loads(item["components"]["S"])) if item else None


def remember(dynamodb: Any, table: str, line: str, station: str, good: Known) -> None:
    """Keep a station's good run; keeping it again changes nothing."""
    components = json.dumps(dict(good.components), sort_keys=True)
    item = {**_key(line, station), "run": {"S": good.run}, "components": {"S": components}}
    dynamodb.put_item(TableName=table, Item=item)


def forget(dynamodb: Any, table: str, line: str, station: str) -> None:
    """Take the record away: from now on, until its next good run, the station is not fresh."""
    dynamodb.delete_item(TableName=table, Key=_key(line, station))


def _key(line: str, station: str) -> dict[str, Any]:
    return {"pk": {"S": f"LINE#{line}"}, "sk": {"S": f"FRESH#{station}"}}
