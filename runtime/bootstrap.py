"""How sure a metric is: the same held-out rows drawn again and again, and what each draw would have told.

A draw gives every row a weight, how often it was drawn. Scores are sorted once; a draw then costs a few sums over the
rows. Two models are compared on the same draws, so that the luck of the rows, which they share, cancels out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import special

from config.errors import LineError
from config.metrics import HIGHER_IS_BETTER, Task

By = Literal["row", "day", "week"]
Statistic = Callable[[Any], Any]
"""Weights, draws x rows -> the metric of each draw; NaN where a draw has none, such as one label only."""

LEAST_BLOCKS = 5
"""Days or weeks below which drawing whole ones says nothing of how different they are."""
_AT_ONCE = 1 << 16
"""Weights that are held at a time; more would leave the processor's cache."""
_MICROSECONDS: Mapping[str, int] = {"day": 86_400_000_000, "week": 7 * 86_400_000_000}
_MONDAY = 4 * 86_400_000_000
"""1970-01-05, from which weeks are counted."""


@dataclass(frozen=True)
class Interval:
    """Between what a figure lies with the confidence asked for; without bounds where too few draws had one."""

    low: float | None
    high: float | None


@dataclass(frozen=True)
class Comparison:
    """By how much a challenger is better than the champion (``gain``, in the metric's unit) and how sure that is."""

    metric: str
    gain: float
    low: float | None
    high: float | None
    confidence: float
    resamples: int
    by: str


@dataclass(frozen=True)
class Bootstrap:
    """Draws of the same rows, always the same ones for a seed.

    ``blocks`` says to which day or week each row belongs: whole ones are drawn. Without it single rows are.
    """

    labels: Any
    """rows"""
    task: Task
    seed: int
    blocks: Any = None
    """rows, whole numbers from 0"""
    resamples: int = 1000
    confidence: float = 0.95
    by: By = "row"

    def intervals(self, scores: Any, metrics: Sequence[str]) -> dict[str, Interval]:
        """Return an interval for each metric of a model's scores."""
        drawn = self.drawn([statistic(name, self.labels, scores) for name in metrics])
        return {name: self._interval(drawn[:, i]) for i, name in enumerate(metrics)}

    def compared(self, challenger: Any, champion: Any, metric: str) -> tuple[Interval, Comparison]:
        """Return the challenger's own interval and its gain, from two models' scores of the same rows."""
        sides = [statistic(metric, self.labels, scores) for scores in (challenger, champion)]
        drawn = self.drawn(sides)
        better = 1 if HIGHER_IS_BETTER[metric] else -1
        found = self._interval(better * (drawn[:, 0] - drawn[:, 1]))
        first, second = (one(np.ones((1, len(self.labels))))[0] for one in sides)
        return self._interval(drawn[:, 0]), Comparison(
            metric=metric,
            gain=float(better * (first - second)),
            low=found.low,
            high=found.high,
            confidence=self.confidence,
            resamples=self.resamples,
            by=self.by,
        )

    def drawn(self, statistics: Sequence[Statistic]) -> Any:
        """Return each statistic of each draw: resamples x statistics."""
        parts = [np.stack([one(weights) for one in statistics], axis=1) for weights in self._weights()]
        return np.concatenate(parts)

    def _weights(self) -> Iterator[Any]:
        """Yield how often each row is drawn, some draws at a time."""
        rows = len(self.labels)
        random = np.random.default_rng(self.seed)
        units = rows if self.blocks is None else int(self.blocks.max()) + 1
        at_once = max(1, _AT_ONCE // rows)
        for first in range(0, self.resamples, at_once):
            n = min(at_once, self.resamples - first)
            chosen = random.integers(0, units, (n, units), dtype=np.int32).astype(np.int64)
            chosen += units * np.arange(n)[:, None]
            counts = np.bincount(chosen.ravel(), minlength=n * units).reshape(n, units).astype(float)
            yield counts if self.blocks is None else counts.take(self.blocks, axis=1)

    def _interval(self, drawn: Any) -> Interval:
        """Return the percentiles of the draws, widened for few blocks: as Student's t is wider than the normal."""
        known = drawn[np.isfinite(drawn)]
        units = len(self.labels) if self.blocks is None else int(self.blocks.max()) + 1
        if 2 * len(known) < len(drawn) or units < (2 if self.blocks is None else LEAST_BLOCKS):
            return Interval(None, None)
        tail = (1 - self.confidence) / 2
        tail = special.ndtr(np.sqrt(units / (units - 1)) * special.stdtrit(units - 1, tail))
        low, high = np.quantile(known, [tail, 1 - tail], method="weibull")
        return Interval(float(low), float(high))


def seed_of(text: str) -> int:
    """Return a seed that is the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def blocks_of(moments: Any, by: By) -> Any:
    """Return to which day or week (UTC, from Monday) each moment belongs, numbered from 0; None for single rows.

    ``moments`` are microseconds since 1970. Raises LineError for too few blocks.
    """
    if by == "row":
        return None
    numbers = (np.asarray(moments) - _MONDAY) // _MICROSECONDS[by]
    found, places = np.unique(numbers, return_inverse=True)
    if len(found) < LEAST_BLOCKS:
        raise LineError(
            f"release.by: the test rows hold {len(found)} {by}s, expected at least {LEAST_BLOCKS} to draw whole {by}s: "
            "let dataset.split.test be longer or say by: row"
        )
    return places


def measured(labels: Any, scores: Any, metric: str) -> float:
    """Return a metric of all rows, each once; NaN where it has none."""
    return float(statistic(metric, labels, scores)(np.ones((1, len(labels))))[0])


def statistic(metric: str, labels: Any, scores: Any) -> Statistic:
    """Return what gives a metric for weights of the rows."""
    labels, scores = np.asarray(labels, dtype=float), np.asarray(scores, dtype=float)
    return _STATISTICS[metric](labels, scores)


def _roc_auc(labels: Any, scores: Any) -> Statistic:
    """How often a row of label 1 comes before one of label 0, where the same score counts half.

    It is told from the rarer label's rows, each with the weight of the other's rows below and up to its score.
    """
    sides = [np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)]
    few, many = sorted(sides, key=len)
    many = many[np.argsort(scores[many])]
    below = np.searchsorted(scores[many], scores[few], side="left")
    upto = np.searchsorted(scores[many], scores[few], side="right")
    won = few is sides[1]

    def found(weights: Any) -> Any:
        ours = weights.take(few, axis=1)
        theirs = _sums(weights.take(many, axis=1))
        under = theirs.take(below, axis=1)
        under += theirs.take(upto, axis=1)
        pairs = ours.sum(axis=1) * theirs[:, -1]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.einsum("dr,dr->d", ours, under) / (2 * pairs)
        return share if won else 1 - share

    return found


def _average_precision(labels: Any, scores: Any) -> Statistic:
    """The precision at each row of label 1, of all rows with its score or a higher one, on average."""
    yes, no = (rows[np.argsort(-scores[rows])] for rows in (np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)))
    hits_at = np.searchsorted(-scores[yes], -scores[yes], side="right")
    misses_at = np.searchsorted(-scores[no], -scores[yes], side="right")

    def found(weights: Any) -> Any:
        ours = weights.take(yes, axis=1)
        sums = _sums(ours)
        hits = sums.take(hits_at, axis=1)
        chosen = _sums(weights.take(no, axis=1)).take(misses_at, axis=1)
        chosen += hits
        np.divide(hits, chosen, out=hits, where=hits > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.einsum("dr,dr->d", ours, hits) / sums[:, -1]

    return found


def _sums(weights: Any) -> Any:
    """Return running sums, beginning with 0: draws x (rows + 1)."""
    sums = np.empty((weights.shape[0], weights.shape[1] + 1))
    sums[:, 0] = 0
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums


def _mean(losses: Any) -> Statistic:
    return lambda weights: np.einsum("dr,r->d", weights, losses) / weights.sum(axis=1)  # `@` would call up threads


def _log_loss(labels: Any, scores: Any) -> Statistic:
    sure = np.finfo(float).eps
    clipped = np.clip(scores, sure, 1 - sure)
    return _mean(-(labels * np.log(clipped) + (1 - labels) * np.log(1 - clipped)))


def _rmse(labels: Any, scores: Any) -> Statistic:
    squares = _mean((labels - scores) ** 2)
    return lambda weights: np.sqrt(squares(weights))


def _r2(labels: Any, scores: Any) -> Statistic:
    centred = labels - labels.mean()
    errors, firsts, seconds = _mean((labels - scores) ** 2), _mean(centred), _mean(centred**2)

    def found(weights: Any) -> Any:
        spread = seconds(weights) - firsts(weights) ** 2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(spread > 0, 1 - errors(weights) / spread, np.nan)

    return found


def _median_ae(labels: Any, scores: Any) -> Statistic:
    errors = np.abs(labels - scores)
    order = np.argsort(errors)
    rising = errors[order]

    def found(weights: Any) -> Any:
        """The middle of the drawn rows, or the mean of the two in the middle."""
        upto = np.cumsum(weights[:, order], axis=1)
        total = upto[:, -1:]
        lower = (upto > (total - 1) // 2).argmax(axis=1)
        upper = (upto > total // 2).argmax(axis=1)
        return (rising[lower] + rising[upper]) / 2

    return found


_STATISTICS: Mapping[str, Callable[[Any, Any], Statistic]] = {
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "brier": lambda labels, scores: _mean((labels - scores) ** 2),
    "log_loss": _log_loss,
    "mae": lambda labels, scores: _mean(np.abs(labels - scores)),
    "rmse": _rmse,
    "median_ae": _median_ae,
    "r2": _r2,
}
