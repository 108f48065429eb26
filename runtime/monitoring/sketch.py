"""Sketches of captured events: how many values of each column lie in which bin of the champion's reference.

``{"reference": "<12 hex>", "n": 99, "columns": {"carrier": {"counts": [...], "unseen": 1, "outside": 0}, ...},
"milliseconds": {"<bin>": 3}}``. The bins are those of ``runtime.histograms``: the last one counts what is missing, the
one before it, of a category, all values that are not listed. Everything is a count, so that sketches add up in
whichever order they come, and ``reference`` names the bins, so that only sketches with the same bins do.

Nothing here raises for what a row says, and nothing but the standard library is imported.
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from runtime.drift import Histogram
from runtime.monitoring import counting

SCORE = "score"
GROWTH = 1.05
"""Where a bin of milliseconds ends, over where it begins: a quantile is within 3 in 100."""
_LEAST_MILLISECONDS = 1e-3

Sketch = dict[str, Any]


class Plan:
    """A reference, prepared for counting; worth keeping by whoever counts many small batches."""

    def __init__(self, reference: Mapping[str, Histogram]) -> None:
        self.columns = {name: counting.column(histogram) for name, histogram in reference.items()}
        self.reference = bins_of(reference)


def bins_of(reference: Mapping[str, Histogram]) -> str:
    """Return 12 hex digits that name the bins of a reference or a profile, the same for both."""
    digest = hashlib.sha256()
    for name, one in sorted(reference.items()):
        digest.update(f"\0{name}\0{one['kind']}\0".encode())
        number = one["kind"] == "number"
        digest.update(array("d", one["edges"]).tobytes() if number else "\0".join(one["categories"]).encode())
    return digest.hexdigest()[:12]


def of(
    reference: Mapping[str, Histogram] | Plan,
    rows: Iterable[Mapping[str, Any]],
    *,
    milliseconds: Iterable[Any] = (),
) -> Sketch:
    """Return the sketch of rows, each ``{column: value, "score": value}``; an absent column's value is missing.

    >>> sketch = of({"hour": {"kind": "number", "edges": [6, 12]}}, [{"hour": 5}, {"hour": 12}, {}])
    >>> sketch["columns"]
    {'hour': {'counts': [1, 0, 1, 1], 'unseen': 0, 'outside': 0}}
    """
    plan = reference if isinstance(reference, Plan) else Plan(reference)
    found = list(rows)
    return {
        "reference": plan.reference,
        "n": len(found),
        "columns": {name: column.sketch([row.get(name) for row in found]) for name, column in plan.columns.items()},
        "milliseconds": dict(Counter(filter(None, map(_milliseconds_bin, milliseconds)))),
    }


def of_events(reference: Mapping[str, Histogram] | Plan, events: Iterable[Mapping[str, Any]]) -> Sketch:
    """Return the sketch of a capture message's events."""
    found = list(events)
    rows = [{**event["inputs"], SCORE: event["prediction"]["score"]} for event in found]
    return of(reference, rows, milliseconds=(event.get("milliseconds") for event in found))


def of_profile(profile: Mapping[str, Histogram]) -> Sketch:
    """Return a run's scoring profile as a sketch."""
    columns = {
        name: {"counts": list(one["counts"]), "unseen": one.get("unseen", 0), "outside": one.get("outside", 0)}
        for name, one in profile.items()
    }
    n = max((sum(one["counts"]) for one in columns.values()), default=0)
    return {"reference": bins_of(profile), "n": n, "columns": columns, "milliseconds": {}}


def merge(sketches: Iterable[Sketch], reference: str | None = None) -> Sketch:
    """Return the sum of the sketches with the bins of a reference: the named one or, of several, that of most rows.

    A window in which a champion took over has sketches of two references, whose bins do not add up.
    """
    by_reference: dict[str, list[Sketch]] = defaultdict(list)
    for sketch in sketches:
        by_reference[sketch["reference"]].append(sketch)
    if reference is None:
        reference = max(sorted(by_reference), key=lambda name: sum(one["n"] for one in by_reference[name]), default="")
    chosen = by_reference[reference]
    milliseconds: Counter[str] = Counter()
    columns: dict[str, dict[str, Any]] = {}
    for sketch in chosen:
        milliseconds.update(sketch["milliseconds"])
        for name, one in sketch["columns"].items():
            columns[name] = _added(columns[name], one) if name in columns else one
    return {
        "reference": reference,
        "n": sum(sketch["n"] for sketch in chosen),
        "columns": columns,
        "milliseconds": dict(milliseconds),
    }


def pack(sketch: Sketch) -> bytes:
    return zlib.compress(json.dumps(sketch, separators=(",", ":"), sort_keys=True).encode())


def unpack(body: bytes) -> Sketch:
    found: Sketch = json.loads(zlib.decompress(body))
    return found


def quality(sketch: Sketch) -> dict[str, dict[str, float]]:
    """Return each column's shares of values that are missing, unseen and outside; a column of no values is left out."""
    return {
        name: {
            "missing": one["counts"][-1] / n,
            "unseen": one["unseen"] / n,
            "outside": one["outside"] / n,
        }
        for name, one in sketch["columns"].items()
        if (n := sum(one["counts"]))
    }


def quantile(sketch: Sketch, share: float) -> float | None:
    """Return the milliseconds below which a share of the predictions took, or None when none was timed.

    >>> quantile({"milliseconds": {"0": 1, "47": 2}}, 0.5)
    10.15
    """
    bins = sorted((int(name), count) for name, count in sketch["milliseconds"].items())
    left = share * sum(count for _, count in bins)
    for name, count in bins:
        left -= count
        if left <= 0:
            return float(f"{GROWTH ** (name + 0.5):.4g}")
    return None


def _milliseconds_bin(value: Any) -> str | None:
    if isinstance(value, str):
        return None
    number = counting.number(value)
    if number is None or not 0 <= number < math.inf:
        return None
    return str(math.floor(math.log(max(number, _LEAST_MILLISECONDS), GROWTH)))


def _added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "counts": [a + b for a, b in zip(one["counts"], other["counts"], strict=True)],
        "unseen": one["unseen"] + other["unseen"],
        "outside": one["outside"] + other["outside"],
    }
