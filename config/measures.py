"""Tests of a table as a whole: a figure of it lies within bounds."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from config.thresholds import BaseCheck, Count, Figure, Moment


class _Bounded(BaseCheck):
    minimum: Figure = None
    maximum: Figure = None

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("needs a minimum or a maximum")
        if isinstance(self.minimum, float) and isinstance(self.maximum, float) and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum:g} is above maximum {self.maximum:g}: exchange them")
        return self


class RowCount(BaseCheck):
    """The table has at least ``minimum`` rows and at most ``maximum``."""

    check: Literal["row_count"]
    minimum: Count = None
    maximum: Count = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("a row_count needs a minimum or a maximum")
        return self


class RowCountChange(BaseCheck):
    """The number of rows differs from the median of the last reports by at most a share of it."""

    check: Literal["row_count_change"]
    maximum: Figure
    runs: int = Field(default=7, ge=1, description="how many earlier reports the median is of")

    @model_validator(mode="after")
    def _share(self) -> Self:
        if isinstance(self.maximum, float) and self.maximum < 0:
            raise ValueError(f"maximum: {self.maximum:g} is not a share, expected 0 or more: correct it")
        return self


class Freshness(BaseCheck):
    """The newest moment of a column, of those not in the future, is at most so many hours before ``as_of``."""

    check: Literal["freshness"]
    column: str
    hours: Figure
    as_of: Moment = Field(default="now", description="a moment, a date parameter ($name) or now, the run's time")


class Mean(_Bounded):
    """The mean of a column, nulls left out; NaN or infinity in it fails."""

    check: Literal["mean"]
    column: str


class Quantile(_Bounded):
    """The value of a column that a share of its values (nulls left out) does not exceed."""

    check: Literal["quantile"]
    column: str
    quantile: float = Field(ge=0, le=1, description="0.5 is the median")


class Share(_Bounded):
    """The share of rows for which an SQL condition is true."""

    check: Literal["share"]
    condition: str
    name: str
