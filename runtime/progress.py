"""What ``train`` tells of its progress: curves of figures over steps, each kept in a bounded number of points."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from config.errors import LineError

LONGEST = 500
"""Points of a curve: one that gets longer keeps every second of them, and the last."""
MOST = 20
"""Curves of an attempt."""


@dataclass
class Curve:
    """One figure over steps."""

    points: list[tuple[float, float]] = field(default_factory=list)
    _last: tuple[float, float] | None = None
    _every: int = 1
    _seen: int = 0

    def add(self, step: float, value: float) -> None:
        if self._seen % self._every == 0:
            if len(self.points) >= LONGEST - 1:
                self.points = self.points[::2]
                self._every *= 2
            if self._seen % self._every == 0:
                self.points.append((step, value))
        self._seen += 1
        self._last = (step, value)

    def thinned(self) -> list[tuple[float, float]]:
        """Return at most ``LONGEST`` (step, value), the first and the last that were told among them."""
        last = [self._last] if self._last is not None and self._last != self.points[-1] else []
        return [*self.points, *last]


@dataclass
class Curves:
    """The curves of one attempt; ``refused`` is why a figure was not taken, should ``train`` have gone on."""

    curves: dict[str, Curve] = field(default_factory=dict)
    refused: LineError | None = None

    def log(self, step: Any, figures: Mapping[str, Any]) -> None:
        """Add figures at a step; raises LineError for one that is no finite number and for too many curves."""
        try:
            at = _finite(step, "step", "")
            for name, value in figures.items():
                number = _finite(value, name, f" at step {at:g}")
                if name not in self.curves and len(self.curves) >= MOST:
                    raise LineError(f"{name} would be curve number {MOST + 1}, expected at most {MOST}: log fewer")
                self.curves.setdefault(name, Curve()).add(at, number)
        except LineError as error:
            self.refused = self.refused or error
            raise

    def steps(self) -> dict[str, dict[str, list[float]]]:
        """Return each curve's ``steps`` and ``values``, figures in six digits."""
        thinned = {name: curve.thinned() for name, curve in self.curves.items()}
        return {
            name: {"steps": [step for step, _ in points], "values": [float(f"{value:.6g}") for _, value in points]}
            for name, points in thinned.items()
        }

    def values(self) -> dict[str, list[float]]:
        """Return the values of each curve, in the order of its steps."""
        return {name: told["values"] for name, told in self.steps().items()}


def _finite(value: Any, name: str, where: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise LineError(f"{name} is {value!r}{where}, expected a number: log a number") from None
    if not math.isfinite(number):
        raise LineError(
            f"{name} is {number}{where}, expected a finite number: lower the learning rate or look at the training data"
        )
    return number
