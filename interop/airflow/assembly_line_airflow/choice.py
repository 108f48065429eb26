"""Which tasks follow an outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assembly_line_airflow.outcome import Outcome

OUTCOMES = ("succeeded", "flagged", "waiting", "halted", "promoted", "kept")


def check(on: Mapping[str, str | Sequence[str]]) -> None:
    """Raise ValueError for an outcome that no run has."""
    for name in on:
        if name not in OUTCOMES:
            raise ValueError(f"on: {name!r} is no outcome of a run, expected one of {', '.join(OUTCOMES)}: correct it")


def chosen(on: Mapping[str, str | Sequence[str]], run: Outcome) -> list[str]:
    """Return the tasks for a run's status, then those for its version; ``kept`` is said of runs that reached an end.

    >>> chosen({"succeeded": "publish", "promoted": "tell"}, {"status": "flagged", "promoted": True})
    ['publish', 'tell']
    """
    status = run["status"]
    names = ["succeeded" if status == "flagged" and "flagged" not in on else status]
    if status != "halted":
        names.append("promoted" if run["promoted"] else "kept")
    tasks = [on.get(name, ()) for name in names]
    return [task for found in tasks for task in ([found] if isinstance(found, str) else found)]
