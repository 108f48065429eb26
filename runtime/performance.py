"""How good predictions were, from a window's histogram of scores per label, which grows as labels come in late.

A window is a DynamoDB item with the key ``<line>#<score date>`` and the counters ``n``, ``p0_<bin>`` and ``p1_<bin>``:
how many predictions whose score lies in that hundredth turned out 0 or 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

BINS = 100


@dataclass(frozen=True)
class Performance:
    """``roc_auc`` is None while one of the two labels has not been seen."""

    n: int
    roc_auc: float | None
    brier: float


def window(line: str, score_date: str) -> str:
    """Return the key of a window."""
    return f"{line}#{score_date}"


def bin_of(score: float) -> int:
    """Return the hundredth that a score lies in.

    >>> bin_of(0.0), bin_of(0.299), bin_of(1.0)
    (0, 29, 99)
    """
    return min(int(score * BINS), BINS - 1)


def counters(outcomes: Iterable[tuple[float, int]]) -> dict[str, int]:
    """Return what (score, label) pairs add to a window.

    >>> counters([(0.9, 1), (0.2, 0)])
    {'n': 2, 'p1_90': 1, 'p0_20': 1}
    """
    found = list(outcomes)
    return {"n": len(found), **Counter(f"p{label}_{bin_of(score)}" for score, label in found)}


def read(dynamodb: Any, table: str, key: str) -> Performance | None:
    """Return the performance in a window, or None when no label has joined."""
    answer = dynamodb.get_item(TableName=table, Key={"window": {"S": key}}, ConsistentRead=True)
    if "Item" not in answer:
        return None
    return measure({name: int(value["N"]) for name, value in answer["Item"].items() if "N" in value})


def values(dynamodb: Any, table: str, keys: Iterable[str], *, metric: str, minimum_sample: int) -> list[float]:
    """Return the metric (``roc_auc`` or ``brier``) of each window that has enough labels to tell."""
    found = [measured for key in sorted(keys) if (measured := read(dynamodb, table, key)) is not None]
    enough = [getattr(measured, metric) for measured in found if measured.n >= minimum_sample]
    return [value for value in enough if value is not None]


def measure(counts: Mapping[str, int]) -> Performance:
    """Return the performance in a window's counters, with each score taken as the middle of its bin.

    Two predictions in one bin count as a tie, so the ROC AUC is exact but for the order inside bins.
    """
    negatives = [counts.get(f"p0_{i}", 0) for i in range(BINS)]
    positives = [counts.get(f"p1_{i}", 0) for i in range(BINS)]
    n, below, ordered, squared = sum(negatives) + sum(positives), 0, 0.0, 0.0
    for i, (zeros, ones) in enumerate(zip(negatives, positives, strict=True)):
        middle = (i + 0.5) / BINS
        ordered += ones * (below + zeros / 2)
        squared += zeros * middle**2 + ones * (1 - middle) ** 2
        below += zeros
    pairs = sum(positives) * sum(negatives)
    return Performance(n=n, roc_auc=ordered / pairs if pairs else None, brier=squared / n if n else 0.0)
