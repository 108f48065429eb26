"""The tests that an inspection can run on a table, each with a severity that acts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Severity = Literal["error", "warning", "info"]


class _Check(BaseModel):
    """What every check has: ``error`` halts the run, ``warning`` flags it, ``info`` proposes a change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severity: Severity
    tolerance: float = Field(default=0.0, ge=0, le=1, description="share of rows that may fail before the test does")
    why: str = Field(default="", description="what a failure means to the people who use the table")


class NotNull(_Check):
    check: Literal["not_null"]
    column: str


class Unique(_Check):
    check: Literal["unique"]
    columns: list[str] = Field(min_length=1)


class AcceptedValues(_Check):
    check: Literal["accepted_values"]
    column: str
    values: list[str | int | float | bool] = Field(min_length=1)


class Range(_Check):
    """Rows outside [minimum, maximum] fail; null is not outside."""

    check: Literal["range"]
    column: str
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Range:
        if self.minimum is None and self.maximum is None:
            raise ValueError("a range needs a minimum or a maximum")
        return self


class RowCount(_Check):
    """The table has at least ``minimum`` rows and, when given, at most ``maximum``."""

    check: Literal["row_count"]
    minimum: int = Field(ge=0)
    maximum: int | None = None


class Sql(_Check):
    """Rows for which the SQL condition is not true fail: the place for business logic."""

    check: Literal["sql"]
    condition: str
    name: str


Check = Annotated[NotNull | Unique | AcceptedValues | Range | RowCount | Sql, Field(discriminator="check")]
