"""Counting a column's values in the bins of its reference, whatever a row may say.

A number that cannot be read as one counts as missing and as unseen; a category that the training rows did not have as
unseen; a number beyond the range of the training rows as outside. A masked value counts nowhere.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from runtime.drift import Histogram

MASKED = "***"
"""What a sender puts in the place of a personal value."""
_PLAIN = (float, int)


class Number:
    """Counts numbers between the edges of a reference; one that does not know its range has nothing outside."""

    def __init__(self, histogram: Histogram) -> None:
        self.edges: Sequence[float] = histogram["edges"]
        self.low = histogram.get("minimum", -math.inf)
        self.high = histogram.get("maximum", math.inf)

    def sketch(self, values: Iterable[Any]) -> dict[str, Any]:
        edges, low, high = self.edges, self.low, self.high
        counts = [0] * (len(edges) + 2)
        unseen = outside = 0
        for given in values:
            value = given
            if type(value) not in _PLAIN:
                if value == MASKED:
                    continue
                value = number(value)
                unseen += given is not None and value is None
            if value is None or value != value:  # noqa: PLR0124 (NaN)
                counts[-1] += 1
                continue
            counts[bisect_right(edges, value)] += 1
            outside += not low <= value <= high
        return {"counts": counts, "unseen": unseen, "outside": outside}


class Category:
    """``others`` are the values of the training rows that are not listed; none when they are not known."""

    def __init__(self, histogram: Histogram) -> None:
        self.places = {name: place for place, name in enumerate(histogram["categories"])}
        others, shares = histogram.get("others"), histogram.get("shares")
        if others is None and shares and not shares[-2]:
            others = ()
        self.others = None if others is None else frozenset(others)

    def sketch(self, values: Iterable[Any]) -> dict[str, Any]:
        places, others = self.places, self.others
        counts = [0] * (len(places) + 2)
        unseen = 0
        for given in values:
            value = given if type(given) is str else _text(given)
            if value in places:
                counts[places[value]] += 1
            elif value is None:
                counts[-1] += 1
            elif value != MASKED:
                counts[-2] += 1
                unseen += others is not None and value not in others
        return {"counts": counts, "unseen": unseen, "outside": 0}


def column(histogram: Histogram) -> Number | Category:
    return Number(histogram) if histogram["kind"] == "number" else Category(histogram)


def number(value: Any) -> float | None:
    """Return what is a number but neither a plain int nor a plain float, and None for what is none."""
    if not isinstance(value, int | float | Decimal):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError):
        return None


def _text(value: Any) -> str | None:
    """Return a category as the encoding of a model writes it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, Decimal) and value.is_nan():
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
