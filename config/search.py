"""A space of hyperparameters and the points of it that are tried: the same ones wherever it is expanded.

A random point depends on the seed, the number of its draw and the dimension's name alone, so that a further dimension
changes no other, and neither Python's nor a platform's own random numbers matter.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from config.strict import Name, Strict

Value = int | float | str | bool

MOST_TRIALS = 200
"""Points of a search: each is a container job of its own."""

_DRAWS = 1000
"""How many points are drawn for each that is wanted before the space counts as too small."""


class Choice(Strict):
    """One of some values."""

    type: Literal["choice"]
    values: list[Value] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Choice:
        if len({repr(value) for value in self.values}) < len(self.values):
            raise ValueError("values: a value is given twice, expected distinct ones: remove one")
        return self

    def grid(self) -> Sequence[Value]:
        return self.values

    def at(self, share: float) -> Value:
        """Return the value at a share, 0 ≤ share < 1, of the dimension."""
        return self.values[int(share * len(self.values))]

    @property
    def points(self) -> float:
        return len(self.values)


class Range(Strict):
    """From ``minimum`` to ``maximum``, both included; with ``log``, each factor is as likely as any other."""

    minimum: float
    maximum: float
    scale: Literal["linear", "log"] = "linear"
    steps: int | None = Field(default=None, ge=2, description="how many values of the range a grid tries")

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not (math.isfinite(self.minimum) and math.isfinite(self.maximum) and self.minimum < self.maximum):
            raise ValueError(f"minimum: {self.minimum} is not below maximum {self.maximum}: correct one of them")
        if self.scale == "log" and self.minimum <= 0:
            raise ValueError(
                f"minimum: {self.minimum} has no logarithm, expected more than 0: raise it or leave scale out"
            )
        return self

    def _between(self, low: float, high: float, share: float) -> float:
        if self.scale == "log":
            return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        return low + share * (high - low)


class IntegerRange(Range):
    type: Literal["integer"]
    minimum: int
    maximum: int

    def grid(self) -> Sequence[Value]:
        """Return ``steps`` whole numbers spread over the range; all of them when not given."""
        if self.steps is None:
            return range(self.minimum, self.maximum + 1)
        spread = (round(self._between(self.minimum, self.maximum, i / (self.steps - 1))) for i in range(self.steps))
        return list(dict.fromkeys(self._inside(value) for value in spread))

    def at(self, share: float) -> Value:
        # half a number beyond each end, or the first and the last were half as likely as the others
        return self._inside(round(self._between(self.minimum - 0.5, self.maximum + 0.5, share)))

    @property
    def points(self) -> float:
        return self.maximum - self.minimum + 1

    def _inside(self, value: int) -> int:
        return min(max(value, self.minimum), self.maximum)


class NumberRange(Range):
    type: Literal["number"]

    def grid(self) -> Sequence[Value]:
        """Return ``steps`` numbers spread over the range."""
        steps = self.steps or 2
        return list(dict.fromkeys(self.at(i / (steps - 1)) for i in range(steps)))

    def at(self, share: float) -> Value:
        value = self._between(self.minimum, self.maximum, share)
        # six digits: readable, and the same on machines whose logarithms differ in the last one
        return min(max(float(f"{value:.6g}"), self.minimum), self.maximum)

    @property
    def points(self) -> float:
        return math.inf


Dimension = Annotated[Choice | IntegerRange | NumberRange, Field(discriminator="type")]


class Search(Strict):
    """A space of parameters for ``train``, of which a grid takes every point and a random search some."""

    method: Literal["grid", "random"]
    space: dict[Name, Dimension] = Field(min_length=1)
    trials: int | None = Field(default=None, ge=1, le=MOST_TRIALS, description="how many points a random search takes")
    seed: int = Field(default=0, ge=0, description="another seed takes other random points")
    parameters: dict[str, Value] = Field(default={}, description="what every trial gets besides")

    @model_validator(mode="after")
    def _can_be_expanded(self) -> Search:
        if both := sorted(set(self.parameters) & set(self.space)):
            raise ValueError(f"parameters.{both[0]}: it is in space, too: remove it from one of them")
        if self.method == "grid":
            self._check_grid()
        else:
            self._check_random()
            self.points()
        return self

    def points(self) -> list[dict[str, Value]]:
        """Return each trial's parameters, in their order; all are different."""
        found = self._grid() if self.method == "grid" else self._random()
        return [{**self.parameters, **point} for point in found]

    def _check_grid(self) -> None:
        if self.trials is not None:
            raise ValueError("trials: a grid takes every point: remove it, or give method: random")
        for name, dimension in self.space.items():
            if isinstance(dimension, NumberRange) and dimension.steps is None:
                raise ValueError(
                    f"space.{name}.steps: missing, expected how many numbers of the range a grid tries: add it"
                )
        sizes = {name: len(dimension.grid()) for name, dimension in self.space.items()}
        if (size := math.prod(sizes.values())) > MOST_TRIALS:
            told = " × ".join(f"{name} {count}" for name, count in sizes.items())
            raise ValueError(
                f"space: the grid has {size} points ({told}), expected at most {MOST_TRIALS}: "
                "give fewer values or steps, or method: random with trials"
            )

    def _check_random(self) -> None:
        if self.trials is None:
            raise ValueError("trials: missing, expected how many points of the space are tried: add it")
        if (size := math.prod(dimension.points for dimension in self.space.values())) < self.trials:
            raise ValueError(
                f"trials: {self.trials} is more than the {size:.0f} points of the space: lower it or widen the space"
            )

    def _grid(self) -> Iterator[dict[str, Value]]:
        for values in product(*(dimension.grid() for dimension in self.space.values())):
            yield dict(zip(self.space, values, strict=True))

    def _random(self) -> list[dict[str, Value]]:
        wanted = self.trials or 0
        found: dict[str, dict[str, Value]] = {}
        for draw in range(_DRAWS * wanted):
            point: dict[str, Any] = {name: d.at(_share(self.seed, draw, name)) for name, d in self.space.items()}
            found.setdefault(repr(point), point)
            if len(found) == wanted:
                return list(found.values())
        raise ValueError(
            f"trials: {wanted} different points are not found in the space, only {len(found)}: "
            "lower it, widen the space or give method: grid"
        )


def _share(seed: int, draw: int, name: str) -> float:
    """Return a number from 0 up to, but not, 1 that these three alone decide."""
    digest = hashlib.sha256(f"{seed}/{draw}/{name}".encode()).digest()
    return (int.from_bytes(digest[:7], "big") >> 3) / 2**53
