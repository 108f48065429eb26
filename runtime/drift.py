"""Drift: how far a distribution has moved from the one that the champion was trained on.

A reference says per column ``{"kind": "number", "edges": [...], "shares": [...]}`` or ``{"kind": "category",
"categories": [...], "shares": [...]}``; a profile has the same bins with ``counts`` in the place of ``shares``. The
bins are as ``runtime.histograms`` makes them: between and beyond the edges, or the categories and all others; the last
one is what is missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Histogram = Mapping[str, Any]

_SMOOTHING = 0.5
"""Added to each bin's count, so that an empty bin is unlikely instead of impossible."""
_LEAST_SHARE = 1e-4
"""A reference's empty bin counts as this share, for the same reason."""


def psi(shares: Sequence[float], counts: Sequence[int]) -> float:
    """Return the population stability index of counts against a reference's shares: 0 when they agree.

    >>> round(psi([0.5, 0.5], [500, 500]), 6)
    0.0
    >>> round(psi([0.5, 0.5], [900, 100]), 2)
    0.88
    """
    floored = [max(share, _LEAST_SHARE) for share in shares]
    whole, n = sum(floored), sum(counts) + _SMOOTHING * len(counts)
    total = 0.0
    for share, count in zip(floored, counts, strict=True):
        expected, actual = share / whole, (count + _SMOOTHING) / n
        total += (actual - expected) * math.log(actual / expected)
    return total


def compare(
    reference: Mapping[str, Histogram], profile: Mapping[str, Histogram], *, minimum_sample: int
) -> dict[str, float]:
    """Return the index of every column that both know with the same bins and of which enough values were seen.

    A column without enough values is left out: no data is not drift.
    """
    return {
        name: psi(known["shares"], seen["counts"])
        for name, known in reference.items()
        if (seen := profile.get(name)) is not None
        and _bins(known) == _bins(seen)
        and sum(seen["counts"]) >= minimum_sample
    }


def _bins(histogram: Histogram) -> Any:
    return histogram["kind"], histogram.get("edges", histogram.get("categories"))
