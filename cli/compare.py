"""``line compare``: attempts or versions side by side: what differs, which metric is better, how training went."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.text import Text

from cli.ending import UsageError
from cli.models import Known, console, figure, known, table
from config.loading import ROOT
from config.metrics import HIGHER_IS_BETTER
from runtime.attempts import Attempt

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 32
"""Characters of a curve."""


def compare(line: str, wanted: Sequence[str], *, as_json: bool, root: Path = ROOT) -> int:
    """Print what tells models apart; returns the exit status."""
    if len(wanted) < 2:
        raise UsageError(
            f"only {', '.join(wanted) or 'nothing'} is named, expected two or more to compare: name another"
        )
    found = known(line, root)
    compared = {name: chosen(found, line, name) for name in wanted}
    if as_json:
        print(json.dumps(_document(line, compared), indent=2, ensure_ascii=False))
    else:
        _show(compared)
    return 0


def chosen(found: Known, line: str, name: str) -> Attempt:
    """Return the attempt that a name means: a version's number, ``production``, ``RUN/VARIANT``, or a variant's newest.

    Raises UsageError when there is none.
    """
    for version in found.versions:
        if name in (str(version.version), f"v{version.version}") or name == version.status == "production":
            own = [one for one in found.attempts if (one.run, one.variant) == (version.run, version.variant)]
            told = Attempt(
                version.run, version.variant, "succeeded", metrics=version.metrics, artefact=version.artefact
            )
            attempt = own[0] if own else told  # a version from before attempts were tracked says what it knows
            return replace(attempt, test=attempt.test or version.test)
    for attempt in found.attempts:
        if name in (attempt.variant, f"{attempt.run}/{attempt.variant}"):
            return attempt
    some = [str(version.version) for version in found.versions[:3]]
    some += [f"{attempt.run}/{attempt.variant}" for attempt in found.attempts[:3]]
    raise UsageError(
        f"{name!r} is neither a version nor an attempt of line {line!r}, expected something like "
        f"{', '.join(some) or 'what a first run would leave'}: `line models {line} --attempts` lists them all"
    )


def differing(compared: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return each key whose value is not the same everywhere, with the value of each (None where it has none).

    >>> differing({"a": {"depth": 3, "rate": 1}, "b": {"depth": 4, "rate": 1}})
    {'depth': [3, 4]}
    """
    keys = dict.fromkeys(key for values in compared.values() for key in values)
    rows = {key: [values.get(key) for values in compared.values()] for key in keys}
    return {key: row for key, row in rows.items() if any(value != row[0] for value in row)}


def better(metric: str, values: Sequence[float | None]) -> int | None:
    """Return the position of the best value, or None when there is no single one.

    >>> better("brier", [0.2, 0.1, None])
    1
    """
    numbers = [value for value in values if value is not None]
    if not numbers:
        return None
    best = max(numbers) if HIGHER_IS_BETTER.get(metric, True) else min(numbers)
    return values.index(best) if numbers.count(best) == 1 else None


def sparkline(values: Sequence[float], low: float, high: float) -> str:
    """Return a curve as text, between the bounds that all compared curves share.

    >>> sparkline([0, 1, 2, 4], 0, 4)
    '▁▃▅█'
    """
    step = max(1.0, len(values) / _WIDEST)
    taken = [values[int(i * step)] for i in range(int(len(values) / step))]
    taken[-1:] = values[-1:]
    span = (high - low) or 1.0
    return "".join(_BARS[min(len(_BARS) - 1, int((value - low) / span * len(_BARS)))] for value in taken)


def data_of(attempt: Attempt) -> dict[str, Any]:
    """Return what tells the data of an attempt from that of another."""
    snapshots = {f"snapshot of {name}": snapshot for name, snapshot in (attempt.dataset.get("snapshots") or {}).items()}
    return {"dataset": attempt.dataset.get("fingerprint"), **snapshots}


def code_of(attempt: Attempt) -> dict[str, Any]:
    """Return what tells the code of an attempt from that of another."""
    return {**attempt.code, "image": attempt.image}


def _document(line: str, compared: Mapping[str, Attempt]) -> dict[str, Any]:
    parts: dict[str, Mapping[str, Mapping[str, Any]]] = {
        "parameters": {name: attempt.parameters for name, attempt in compared.items()},
        "data": {name: data_of(attempt) for name, attempt in compared.items()},
        "code": {name: code_of(attempt) for name, attempt in compared.items()},
    }
    return {
        "line": line,
        "compared": {name: asdict(attempt) for name, attempt in compared.items()},
        "differing": {
            part: {key: dict(zip(compared, row, strict=True)) for key, row in differing(values).items()}
            for part, values in parts.items()
        },
        "better": {
            kind: {
                metric: list(compared)[best] if (best := better(metric, row)) is not None else None
                for metric, row in measured(compared, kind).items()
            }
            for kind in ("metrics", "test")
        },
    }


def measured(compared: Mapping[str, Attempt], kind: str) -> dict[str, list[float | None]]:
    """Return each metric with its value of each attempt; ``kind`` is ``metrics`` or ``test``."""
    each_one: list[Mapping[str, float]] = [getattr(attempt, kind) for attempt in compared.values()]
    return {
        key: [each.get(key) for each in each_one] for key in dict.fromkeys(key for each in each_one for key in each)
    }


def _show(compared: Mapping[str, Attempt]) -> None:
    made = table("", ("", *compared))
    made.title = None
    made.add_row("run", *(attempt.run for attempt in compared.values()))
    made.add_row("variant", *(attempt.variant for attempt in compared.values()))
    made.add_row("status", *(attempt.status for attempt in compared.values()))
    made.add_row("seconds", *(f"{attempt.seconds:.1f}" for attempt in compared.values()), end_section=True)
    for kind, told in (("metrics", "validation"), ("test", "test")):
        for metric, row in measured(compared, kind).items():
            best = better(metric, row)
            cells = [Text(figure(value), style="bold green" if i == best else "") for i, value in enumerate(row)]
            for i, cell in enumerate(cells):
                cell.append(" ◂ better" if i == best else "")
            made.add_row(f"{metric} ({told})", *cells)
    for title, get in (("parameter", lambda one: one.parameters), ("data", data_of), ("code", code_of)):
        rows = differing({name: get(attempt) for name, attempt in compared.items()})
        for key, row in rows.items():
            made.add_row(f"{title}: {key}", *("" if value is None else str(value)[:40] for value in row))
        if not rows:
            made.add_row(Text(f"{title}: the same", style="dim"))
    for curve in dict.fromkeys(name for attempt in compared.values() for name in attempt.curves):
        drawn = [attempt.curves.get(curve, {}).get("values", []) for attempt in compared.values()]
        every = [value for values in drawn for value in values]
        lines = [
            f"{sparkline(values, min(every), max(every))} {figure(values[-1])}" if values else "" for values in drawn
        ]
        made.add_row(f"curve: {curve}", *lines)
    console().print(made)
