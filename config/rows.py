"""Tests of rows: each says what is wrong with a row, and so how many rows fail."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from config.thresholds import LEVELS, Bound, Count, QuarantineCheck, RowCheck


class NotNull(QuarantineCheck):
    check: Literal["not_null"]
    column: str


class Unique(QuarantineCheck):
    """No values of these columns stand twice; a row with a null among them repeats nothing."""

    check: Literal["unique"]
    columns: list[str] = Field(min_length=1)


class Key(QuarantineCheck):
    """These columns name a row: no null among them, and no values twice."""

    check: Literal["key"]
    columns: list[str] = Field(min_length=1)


class AcceptedValues(QuarantineCheck):
    check: Literal["accepted_values"]
    column: str
    values: list[str | int | float | bool] = Field(min_length=1)


class Range(QuarantineCheck):
    """Numbers, dates or moments within [minimum, maximum]; NaN and infinities are in no range, null is not tested."""

    check: Literal["range"]
    column: str
    minimum: Bound = Field(default=None, description="a number, a date, a moment, $parameter or now")
    maximum: Bound = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("a range needs a minimum or a maximum")
        _agree(self.minimum, self.maximum)
        return self


class Pattern(QuarantineCheck):
    """The whole text matches a regular expression (RE2's)."""

    check: Literal["pattern"]
    column: str
    pattern: str = Field(min_length=1)


class Length(QuarantineCheck):
    """The text has so many characters."""

    check: Literal["length"]
    column: str
    minimum: Count = None
    maximum: Count = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("a length needs a minimum or a maximum")
        _agree(self.minimum, self.maximum)
        return self


class References(QuarantineCheck):
    """The values of these columns stand in another table of the line; null is not tested."""

    check: Literal["references"]
    columns: list[str] = Field(min_length=1)
    table: str = Field(description="the other table")
    to: list[str] | None = Field(default=None, description="its columns; by default those of the same names")

    @property
    def targets(self) -> list[str]:
        return self.to or self.columns

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if len(self.targets) != len(self.columns):
            raise ValueError(f"to: has {len(self.targets)} columns, expected {len(self.columns)} as in columns")
        return self


class Sql(QuarantineCheck):
    """Rows for which the SQL condition is not true fail: the place for business logic."""

    check: Literal["sql"]
    condition: str
    name: str


class Complete(RowCheck):
    """Every hour or day (UTC) between a group's first and last is there; what is missing fails."""

    check: Literal["complete"]
    column: str
    every: Literal["hour", "day"]
    by: list[str] = Field(default=[], description="the columns that make a group; none means the whole table")


def _agree(minimum: object, maximum: object) -> None:
    """Raise ValueError for a range that nothing lies in, or whose bounds are of two kinds."""
    if minimum is None or maximum is None or isinstance(minimum, LEVELS) or isinstance(maximum, LEVELS):
        return
    if isinstance(minimum, str) != isinstance(maximum, str):
        raise ValueError(f"minimum {minimum!r} and maximum {maximum!r} are of two kinds, expected two of one kind")
    if isinstance(minimum, int | float) and isinstance(maximum, int | float) and minimum > maximum:
        raise ValueError(f"minimum {minimum:g} is above maximum {maximum:g}: exchange them")
