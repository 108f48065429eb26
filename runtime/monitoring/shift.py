"""Shift: how far each column of a sketch lies from the training rows, or from the same window a week before.

A column is **over** when its index is above its bar. The bar is the larger of two: the threshold, an effect that
matters, and the noise, an index that a sample of this size passes without any change once in a thousand windows, over
all columns and references together. So a small sample needs a larger effect, and a large one no less than the effect.

- ``psi``: population stability index. Without change it is about chi-squared over the sample's size.
- ``ks``: the largest distance of the cumulative shares, bin after bin, what is missing last; for numbers. Noise is
  the bound of Dvoretzky, Kiefer, Wolfowitz and Massart, which for bins is on the safe side.
- ``js``: Jensen-Shannon distance, the root of the divergence in bits; for categories. Without change the divergence in
  nats is about an eighth of chi-squared over the sample's size.

Half a value is added to each bin of a sample for ``psi`` and ``js``: rare bins are then no noisier than they should be.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
from operator import add, sub
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

from runtime import drift
from runtime.drift import Histogram
from runtime.monitoring import sketch as sketches
from runtime.monitoring.sketch import Sketch

Method = Literal["psi", "ks", "js"]
Against = Literal["training", "last_week"]

THRESHOLDS: dict[Method, float] = {"psi": 0.2, "ks": 0.1, "js": 0.1}
"""The effect that matters where a line does not say it."""
BY_KIND: dict[str, Method] = {"number": "ks", "category": "js"}
FALSE_ALARMS = 0.001
"""Windows, of those in which nothing changed, in which any column may pass its noise."""
_SMOOTHING = 0.5


class _Known(NamedTuple):
    """What a column is held against; ``n`` values told its shares, infinity when that is not known."""

    against: Against
    shares: Sequence[float]
    n: float
    counts: Sequence[int] = ()
    """Of a sample; none of training rows, of which the reference keeps the shares."""


def compare(
    reference: Mapping[str, Histogram],
    sketch: Sketch,
    *,
    before: Sketch | None = None,
    against: Collection[str] = ("training",),
    method: Method | Literal["auto"] = "auto",
    threshold: float | None = None,
    minimum_sample: int = 200,
    columns: Collection[str] | None = None,
    own: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, dict[str, Any]]:
    """Return ``{column: {"index", "method", "bar", "against", "over", "counts", "shares", "bins"}}``.

    ``before`` is the sketch of the same window a week before. Of several references the one is told of which the column
    is farthest, in bars. ``threshold`` is the method's own unless given, ``columns`` are all of them; ``own`` holds
    ``{column: {"method", "threshold", "minimum_sample"}}`` of those that have their own, where None is as for all. A
    column without enough values on both sides, or with other bins, is left out: no data is not drift.
    """
    bins = sketches.bins_of(reference)
    if sketch["reference"] != bins:
        return {}
    if before is not None and before["reference"] != bins:
        before = None
    common = {"method": method, "threshold": threshold, "minimum_sample": minimum_sample}
    settings = {name: _settings(common, (own or {}).get(name, {})) for name in reference}
    pairs = {
        name: known
        for name, histogram in reference.items()
        if (columns is None or name in columns)
        and sum(sketch["columns"][name]["counts"]) >= settings[name]["minimum_sample"]
        and (known := _known(name, histogram, before, against, settings[name]["minimum_sample"]))
    }
    tests = sum(len(known) for known in pairs.values())
    found = {}
    for name, known in pairs.items():
        histogram, counts = reference[name], sketch["columns"][name]["counts"]
        its = settings[name]
        chosen = BY_KIND[histogram["kind"]] if its["method"] == "auto" else its["method"]
        told = [_told(chosen, one, counts, threshold=its["threshold"], chance=FALSE_ALARMS / tests) for one in known]
        found[name] = {**max(told, key=lambda one: one["index"] / one["bar"]), "bins": _bins(histogram)}
    return found


def index(method: Method, shares: Sequence[float], counts: Sequence[int]) -> float:
    """Return how far counts lie from shares: 0 when they agree.

    >>> index("ks", [0.5, 0.5], [90, 10]), round(index("js", [0.5, 0.5], [900, 100]), 3)
    (0.4, 0.383)
    """
    if method == "psi":
        return drift.psi(shares, counts)
    return _js(shares, _smoothed(counts)) if method == "js" else _ks(shares, _shares(counts))


def noise(method: Method, *, bins: int, n: float, m: float = math.inf, chance: float) -> float:
    """Return the index that ``n`` values in so many bins pass with this chance, when nothing has changed.

    ``m`` values told the shares that they are held against.

    >>> round(noise("psi", bins=11, n=1000, chance=0.001), 3)
    0.03
    """
    size = 1 / n + 1 / m
    if method == "ks":
        return math.sqrt(math.log(2 / chance) / 2 * size)
    spread = chi_squared(max(bins - 1, 1), chance) * size
    return spread if method == "psi" else math.sqrt(spread / (8 * math.log(2)))


def chi_squared(degrees: int, chance: float) -> float:
    """Return what chi-squared passes with a chance, after Wilson and Hilferty.

    >>> round(chi_squared(10, 0.001), 1)
    29.8
    """
    part = 2 / (9 * degrees)
    return float(degrees * (1 - part + NormalDist().inv_cdf(1 - chance) * math.sqrt(part)) ** 3)


def _settings(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    return {**common, **{name: own[name] for name in common if own.get(name) is not None}}


def _known(
    name: str, histogram: Histogram, before: Sketch | None, against: Collection[str], minimum_sample: int
) -> list[_Known]:
    found = []
    if "training" in against:
        found.append(_Known("training", histogram["shares"], histogram.get("n", math.inf)))
    if "last_week" in against and before is not None:
        counts = before["columns"][name]["counts"]
        if (n := sum(counts)) >= minimum_sample:
            found.append(_Known("last_week", _shares(counts), n, counts))
    return found


def _told(
    method: Method, known: _Known, counts: Sequence[int], *, threshold: float | None, chance: float
) -> dict[str, Any]:
    shares = _smoothed(known.counts) if known.counts and method != "ks" else known.shares
    value = index(method, shares, counts)
    used = sum(map(bool, map(add, known.shares, counts)))
    effect = THRESHOLDS[method] if threshold is None else threshold
    bar = max(effect, noise(method, bins=used, n=sum(counts), m=known.n, chance=chance))
    return {
        "index": round(value, 6),
        "method": method,
        "bar": round(bar, 6),
        "against": known.against,
        "over": value > bar,
        "counts": list(counts),
        "shares": list(known.shares),
    }


def _bins(histogram: Histogram) -> dict[str, Any]:
    return {name: histogram[name] for name in ("kind", "edges", "categories") if name in histogram}


def _shares(counts: Sequence[int]) -> list[float]:
    n = sum(counts)
    return [count / n for count in counts]


def _smoothed(counts: Sequence[int]) -> list[float]:
    n = sum(counts) + _SMOOTHING * len(counts)
    return [(count + _SMOOTHING) / n for count in counts]


def _ks(one: Sequence[float], other: Sequence[float]) -> float:
    return max(map(math.fabs, accumulate(map(sub, one, other))))


def _js(one: Sequence[float], other: Sequence[float]) -> float:
    bits = 0.0
    for a, b in zip(one, other, strict=True):
        middle = (a + b) / 2
        bits += (a and a * math.log2(a / middle)) + (b and b * math.log2(b / middle))
    return math.sqrt(max(bits / 2, 0.0))
