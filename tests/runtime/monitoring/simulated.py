"""Simulated days of a line: the counts of 25 columns in a reference's bins, drawn as rows would fall into them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import norm

from runtime.monitoring import judge, shift, sketch
from runtime.monitoring.judge import Rule, Window

NUMBERS, CATEGORIES, TRAINED = 20, 5, 20_000
RULE = Rule(at_least=2, of=3, minimum_sample=200)
LISTED = 20
TENTH = 2
"""Place of the category that a tenth of the rows have."""


@dataclass
class Line:
    """A stable line: 20 numbers in deciles, 5 categories of 20 values; a few values of each third column are missing.

    ``season`` is how far the mean of each number lies apart between the days of a week, in standard deviations.
    """

    generator: np.random.Generator
    season: float = 0.0
    shares: dict[str, Any] = field(init=False)
    """Per column: what its values really are like, days of the week x bins."""
    means: Any = field(init=False)
    """Of each number, on each day of the week, in standard deviations."""
    reference: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.shares, self.means = {}, self.season * self.generator.uniform(-1, 1, size=(NUMBERS, 7))
        for i, means in enumerate(self.means):
            self.shares[f"number{i}"] = np.array([moved(mean, missing=0.03 * (i % 3 == 0)) for mean in means])
        for i in range(CATEGORIES):
            self.shares[f"category{i}"] = np.array([categories(missing=0.03 * (i % 3 == 0))] * 7)
        trained = {
            name: self.generator.multinomial(TRAINED // 7, days).sum(axis=0) for name, days in self.shares.items()
        }
        self.reference = {
            name: {**bins(name), "n": int(counts.sum()), "shares": (counts / counts.sum()).tolist()}
            for name, counts in trained.items()
        }

    def days(self, rows: Any, changed: dict[str, Any] | None = None) -> list[sketch.Sketch]:
        """Return a sketch for each day, of so many rows; ``changed`` columns have other shares (days x bins)."""
        weekday = np.arange(len(rows)) % 7
        drawn = {name: self.generator.multinomial(rows, days[weekday]) for name, days in self.shares.items()}
        for name, shares in (changed or {}).items():
            drawn[name] = self.generator.multinomial(rows, shares)
        named = sketch.bins_of(self.reference)
        listed = {name: counts.tolist() for name, counts in drawn.items()}
        return [
            {
                "reference": named,
                "n": int(n),
                "columns": {name: {"counts": counts[i], "unseen": 0, "outside": 0} for name, counts in listed.items()},
                "milliseconds": {},
            }
            for i, n in enumerate(rows)
        ]

    def judged(self, days: list[sketch.Sketch], **settings: Any) -> tuple[list[Window], list[set[str]]]:
        """Return the windows of days and the columns that were over their bar."""
        windows, over = [], []
        for i, day in enumerate(days):
            found = shift.compare(self.reference, day, before=days[i - 7] if i >= 7 else None, **settings)
            standing = judge.worst(judge.at_most(one["index"], one["bar"]) for one in found.values())
            windows.append(Window(f"{i:06}", day["n"], standing))
            over.append({name for name, one in found.items() if one["over"]})
        return windows, over


def bins(name: str) -> dict[str, Any]:
    if name.startswith("number"):
        return {"kind": "number", "edges": norm.ppf(np.arange(1, 10) / 10).tolist()}
    return {"kind": "category", "categories": [str(i) for i in range(LISTED)]}


def moved(mean: float, *, missing: float = 0.0) -> Any:
    """Return the shares of a normal variable in the deciles of the standard one, once its mean has moved."""
    below = norm.cdf(norm.ppf(np.arange(0, 11) / 10) - mean)
    return np.append(np.diff(below) * (1 - missing), missing)


def categories(tenth: float = 0.1, *, missing: float = 0.0) -> Any:
    """Return shares of twenty categories, the commonest ten times the rarest, one of which has a tenth; and others."""
    rest = np.append(np.geomspace(10, 1, LISTED - 1), 0.5)
    shares = np.insert(rest / rest.sum() * (1 - tenth), TENTH, tenth)
    return np.append(shares * (1 - missing), missing)
