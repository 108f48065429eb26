"""How figures grow with the data: exponents fitted to what was measured at several multiples of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

LINEAR = 1.2
"""The exponent up to which growth counts as linear: n log n and the noise of one machine stay below it."""
NOISE = 0.05
"""The share of a figure by which it may differ from run to run."""

_TINY = 1e-9


@dataclass(frozen=True)
class Growth:
    """How one figure grows: ``whole`` is the exponent of the figure itself, ``further`` that of what data add to it.

    A figure with a large fixed part, such as a start of some seconds, hides what the data cost: 2 s + n² is nearly flat
    while n is small. ``further`` looks at what each further unit of data costs, so that the fixed part cancels out. An
    exponent that cannot be told is null.
    """

    whole: float | None
    further: float | None

    @property
    def exponent(self) -> float | None:
        """The worse of both."""
        known = [value for value in (self.whole, self.further) if value is not None]
        return max(known, default=None)

    @property
    def verdict(self) -> str:
        """``flat``, ``linear``, ``worse than linear`` or ``unknown``; linear stands for at most linear."""
        if self.exponent is None:
            return "unknown"
        if self.exponent > LINEAR:
            return "worse than linear"
        return "flat" if self.exponent < 0.1 else "linear"


def grown(figures: Mapping[int, float], *, least: float = 0.0) -> Growth:
    """Return how a figure grows with the multiple of the data; ``least`` is a difference too small to be told apart.

    >>> quadratic = grown({1: 2.01, 10: 3.0, 100: 102.0})
    >>> round(quadratic.further, 2), quadratic.verdict
    (2.0, 'worse than linear')
    >>> round(grown({1: 0.1, 10: 1.0, 100: 10.0}).whole, 2)
    1.0
    """
    points = [(factor, figure) for factor, figure in sorted(figures.items()) if figure > _TINY]
    whole = _slope([(math.log(factor), math.log(figure)) for factor, figure in points])
    return Growth(whole=whole, further=_further(points, least))


def _further(points: list[tuple[int, float]], least: float) -> float | None:
    """Return the exponent of what further data cost; null when the last step adds nothing that can be told.

    A step within the noise counts as the noise: that makes the exponent smaller, never larger.
    """
    if len(points) < 3:
        return None
    costs = []
    for (few, before), (many, after) in pairwise(points):
        noise = max(least, NOISE * before)
        costs.append((math.log(few * many) / 2, after - before, noise, many - few))
    if costs[-1][1] <= costs[-1][2]:
        return None
    slope = _slope([(middle, math.log(max(added, noise, _TINY) / more)) for middle, added, noise, more in costs])
    return None if slope is None else 1 + slope


def _slope(points: list[tuple[float, float]]) -> float | None:
    """Return the slope of the least-squares line, or null for fewer than two points."""
    if len(points) < 2:
        return None
    x = sum(a for a, _ in points) / len(points)
    y = sum(b for _, b in points) / len(points)
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)
