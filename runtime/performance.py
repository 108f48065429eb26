"""How good predictions were, from a window's counters, which grow as labels come in late.

A window is a DynamoDB item with the key ``<line>#<score date>``. Its counters are whole numbers, so that their sum is
the same in whichever order labels come: ``n``, and how many predictions lie in which bin.

- binary: ``p0_<bin>`` and ``p1_<bin>``, by the hundredth that the score lies in and what it turned out to be.
- regression: ``over_<bin>`` and ``under_<bin>``, by how far the score was above or below the label, and ``exact``. Each
  bin ends 2 in 100 above where it begins, whatever the unit, so that a figure is within 1 in 100 of the exact one.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from config.metrics import Task

BINS = 100
TENTHS = 10
MISSING = "(missing)"
"""The slice of what has no value."""
GROWTH = 1.02
"""Where an error's bin ends, over where it begins."""


@dataclass(frozen=True)
class Performance:
    """``n`` labels and the task's metrics; one is None while it cannot be told, as a ROC AUC of one label."""

    n: int
    metrics: Mapping[str, float | None]


def window(line: str, score_date: str) -> str:
    """Return the key of a window."""
    return f"{line}#{score_date}"


def bin_of(score: float) -> int:
    """Return the hundredth that a score lies in.

    >>> bin_of(0.0), bin_of(0.299), bin_of(1.0)
    (0, 29, 99)
    """
    return min(int(score * BINS), BINS - 1)


def error_bin(score: float, label: float) -> str:
    """Return the counter of a value's error.

    >>> error_bin(12.0, 10.0), error_bin(10.0, 12.0), error_bin(10.5, 10.0), error_bin(10.0, 10.0)
    ('over_35', 'under_35', 'over_-36', 'exact')
    """
    error = score - label
    if error == 0:
        return "exact"
    return f"{'over' if error > 0 else 'under'}_{math.floor(math.log(abs(error), GROWTH))}"


def counters(outcomes: Iterable[tuple[float, float]], task: Task) -> dict[str, int]:
    """Return what (score, label) pairs add to a window.

    >>> counters([(0.9, 1), (0.2, 0)], "binary")
    {'n': 2, 'p1_90': 1, 'p0_20': 1}
    """
    found = list(outcomes)
    if task == "binary":
        return {"n": len(found), **Counter(f"p{label}_{bin_of(score)}" for score, label in found)}
    return {"n": len(found), **Counter(error_bin(score, label) for score, label in found)}


def by_slice(outcomes: Iterable[tuple[float, float, Mapping[str, Any]]], task: Task) -> dict[str, dict[str, int]]:
    """Return what (score, label, slices) triples add to each slice of a window.

    >>> by_slice([(0.9, 1, {"origin": "JFK"}), (0.2, 0, {"origin": None})], "binary")
    {'origin=JFK': {'n': 1, 'p1_90': 1}, 'origin=(missing)': {'n': 1, 'p0_20': 1}}
    """
    pairs = defaultdict(list)
    for score, label, slices in outcomes:
        for column, value in slices.items():
            pairs[f"{column}={MISSING if value is None else value}"].append((score, label))
    return {name: counters(found, task) for name, found in pairs.items()}


def read(dynamodb: Any, table: str, key: str, task: Task) -> Performance | None:
    """Return the performance in a window, or None when no label has joined."""
    answer = dynamodb.get_item(TableName=table, Key={"window": {"S": key}}, ConsistentRead=True)
    if "Item" not in answer:
        return None
    return measure({name: int(value["N"]) for name, value in answer["Item"].items() if "N" in value}, task)


def values(
    dynamodb: Any, table: str, keys: Iterable[str], *, task: Task, metric: str, minimum_sample: int
) -> list[float]:
    """Return the metric of each window that has enough labels to tell."""
    found = [measured for key in sorted(keys) if (measured := read(dynamodb, table, key, task)) is not None]
    enough = [measured.metrics[metric] for measured in found if measured.n >= minimum_sample]
    return [value for value in enough if value is not None]


def measure(counts: Mapping[str, int], task: Task) -> Performance:
    """Return the performance in a window's counters, with what is in a bin taken as its middle."""
    return _of_probabilities(counts) if task == "binary" else _of_values(counts)


def calibration(counts: Mapping[str, int]) -> list[tuple[float, float, int]]:
    """Return mean score, observed share and number of predictions for each tenth that scores lie in, lowest first.

    >>> calibration({"p0_20": 3, "p1_20": 1, "p1_90": 1})
    [(0.205, 0.25, 4), (0.905, 1.0, 1)]
    """
    outcomes, found = _outcomes(counts), []
    for tenth in range(TENTHS):
        bins = outcomes[tenth * BINS // TENTHS : (tenth + 1) * BINS // TENTHS]
        n = sum(zeros + ones for _, zeros, ones in bins)
        if n:
            scores = math.fsum(middle * (zeros + ones) for middle, zeros, ones in bins)
            found.append((round(scores / n, 6), sum(ones for *_, ones in bins) / n, n))
    return found


def _outcomes(counts: Mapping[str, int]) -> list[tuple[float, int, int]]:
    """Return the middle of each hundredth, and how many predictions in it turned out 0 and 1."""
    return [((i + 0.5) / BINS, counts.get(f"p0_{i}", 0), counts.get(f"p1_{i}", 0)) for i in range(BINS)]


def _of_probabilities(counts: Mapping[str, int]) -> Performance:
    """Two predictions in one bin count as a tie, so the ROC AUC is exact but for the order inside bins.

    ``ece``, the expected calibration error, is how far mean score and observed share of a tenth lie apart on average.
    Scores count as the middle of their hundredth: what tells certain from nearly certain is not in ``log_loss``.
    """
    below = positives = 0
    ordered, squared, surprise = 0.0, 0.0, 0.0
    for middle, zeros, ones in _outcomes(counts):
        ordered += ones * (below + zeros / 2)
        squared += zeros * middle**2 + ones * (1 - middle) ** 2
        surprise -= zeros * math.log(1 - middle) + ones * math.log(middle)
        below += zeros
        positives += ones
    n, pairs = below + positives, below * positives
    apart = math.fsum(abs(score - share) * many for score, share, many in calibration(counts))
    return Performance(
        n,
        {
            "roc_auc": ordered / pairs if pairs else None,
            "brier": squared / n if n else 0.0,
            "log_loss": surprise / n if n else None,
            "ece": apart / n if n else None,
        },
    )


def _of_values(counts: Mapping[str, int]) -> Performance:
    """The bias is what scores were above their labels on average."""
    errors = sorted((abs(error), error, count) for error, count in _errors(counts))
    n = sum(count for _, _, count in errors)
    if n == 0:
        return Performance(0, {"mae": None, "rmse": None, "median_ae": None, "bias": None})
    return Performance(
        n,
        {
            "mae": math.fsum(size * count for size, _, count in errors) / n,
            "rmse": math.sqrt(math.fsum(size**2 * count for size, _, count in errors) / n),
            "median_ae": (_nth(errors, (n - 1) // 2) + _nth(errors, n // 2)) / 2,
            "bias": math.fsum(error * count for _, error, count in errors) / n,
        },
    )


def _errors(counts: Mapping[str, int]) -> Iterable[tuple[float, int]]:
    """Yield each error that was counted, and how often."""
    for name, count in counts.items():
        side, _, bin_ = name.partition("_")
        if side == "exact":
            yield 0.0, count
        elif side in ("over", "under"):
            size = GROWTH ** (int(bin_) + 0.5)
            yield size if side == "over" else -size, count


def _nth(errors: Iterable[tuple[float, float, int]], position: int) -> float:
    """Return the size of the error at a position, of errors in order of size."""
    for size, _, count in errors:
        position -= count
        if position < 0:
            return size
    raise AssertionError("the position lies among the errors")
