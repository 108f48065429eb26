"""A distribution in four figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Spread:
    """How many there were, and seconds: the middle one, the one that nine of ten do not exceed, all together.

    The percentiles are exact, on a straight line between the two nearest; None where there is nothing.
    """

    count: int
    median: float | None
    p90: float | None
    total: float


def spread(seconds: np.ndarray[Any, Any]) -> Spread:
    """Return the figures of an array of seconds.

    >>> spread(np.array([1.0, 2.0, 6.0]))
    Spread(count=3, median=2.0, p90=5.2, total=9.0)
    """
    if not len(seconds):
        return Spread(0, None, None, 0.0)
    median, p90 = np.percentile(seconds, (50, 90))
    return Spread(len(seconds), float(median), float(p90), float(seconds.sum()))
