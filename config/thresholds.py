"""What every test has: a severity, or thresholds that each name theirs, and words for people."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from config.strict import Strict

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The gravest first."""

Number = Annotated[float, Field(allow_inf_nan=False)]


class Shares(Strict):
    """A share of the rows for each severity."""

    error: float | None = Field(default=None, ge=0, le=1)
    warning: float | None = Field(default=None, ge=0, le=1)
    info: float | None = Field(default=None, ge=0, le=1)


class Numbers(Strict):
    """A number for each severity."""

    error: Number | None = None
    warning: Number | None = None
    info: Number | None = None


class Counts(Strict):
    """A whole number for each severity."""

    error: int | None = Field(default=None, ge=0)
    warning: int | None = Field(default=None, ge=0)
    info: int | None = Field(default=None, ge=0)


class Bounds(Strict):
    """A bound of a range for each severity."""

    error: Number | str | None = None
    warning: Number | str | None = None
    info: Number | str | None = None


LEVELS = (Shares, Numbers, Counts, Bounds)


def _told(expected: str) -> WrapValidator:
    """Tell in one sentence what a value must be, whichever members of its type refused it."""

    def validate(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            found = handler(_plain(value))
            for text in (found, *(vars(found).values() if isinstance(found, Bounds) else ())):
                if isinstance(text, str) and text != "now" and not re.fullmatch(r"\$[a-z][a-z0-9_]*", text):
                    dt.datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{value!r} is not {expected}: correct it") from None
        return found

    return WrapValidator(validate)


def _plain(value: Any) -> Any:
    """What YAML reads as a date or a moment becomes its ISO text again."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=dt.UTC)
    return value.isoformat() if isinstance(value, dt.date) else value


_EACH = "or one for each of error, warning and info"
_TIME = "a date or moment such as 2013-01-31, a date parameter such as $score_date, now"
Tolerance = Annotated[
    Annotated[float, Field(ge=0, le=1)] | Shares | None, _told(f"a share of the rows (0 to 1), {_EACH}")
]
Figure = Annotated[Number | Numbers | None, _told(f"a number, {_EACH}")]
Count = Annotated[Annotated[int, Field(ge=0)] | Counts | None, _told(f"a whole number from 0, {_EACH}")]
Bound = Annotated[Number | str | Bounds | None, _told(f"a number, {_TIME}, {_EACH}")]
Moment = Annotated[str, _told(_TIME)]


class BaseCheck(Strict):
    """``error`` halts the run, ``warning`` flags it, ``info`` proposes a change.

    A threshold (a tolerance, a bound) is one value, which acts with ``severity``, or a value for each severity; then
    ``severity`` is not given. What is given once holds for each of them.
    """

    severity: Severity | None = Field(default=None, description="not given where thresholds name their severities")
    why: str = Field(default="", description="what a failure means to the people who use the table")

    @property
    def severities(self) -> list[Severity]:
        """The severities that this test can fail with, the gravest first."""
        if self.severity is not None:
            return [self.severity]
        return [level for level in SEVERITIES if any(getattr(one, level) is not None for one in self._levels.values())]

    def at(self, severity: Severity) -> Self:
        """Return the test as it is for one severity: each of its thresholds is one value."""
        if self.severity == severity and not self._levels:
            return self
        levels = {name: getattr(levels, severity) for name, levels in self._levels.items()}
        return self.model_copy(update={**levels, "severity": severity})

    @property
    def _levels(self) -> dict[str, BaseModel]:
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in values.items() if isinstance(value, LEVELS)}

    @model_validator(mode="after")
    def _acts(self) -> Self:
        levels = self._levels
        if self.severity is not None and levels:
            raise ValueError(
                f"severity: {self.severity!r} is given beside {next(iter(levels))} by severity, expected one of them: "
                "remove the severity or give one value"
            )
        if not self.severities:
            raise ValueError(
                "severity: missing, expected error, warning or info, or a threshold for each, "
                "such as tolerance: {warning: 0.01, error: 0.05}: add it"
            )
        return self


class RowCheck(BaseCheck):
    """A test of which rows can fail, up to a share of them."""

    tolerance: Tolerance = Field(
        default=None, description="share of rows that may fail before the test does: one, or one for each severity"
    )

    @property
    def allowed(self) -> float:
        """The share of rows that may fail, for a test of one severity."""
        assert not isinstance(self.tolerance, Shares)  # noqa: S101 (see ``at``)
        return self.tolerance or 0.0


class QuarantineCheck(RowCheck):
    """A test of single rows, which may keep those that fail aside instead of publishing them."""

    quarantine: bool = Field(
        default=False, description="rows that fail are kept in <line>_<table>_quarantine and not published"
    )

    @property
    def allowed(self) -> float:
        """A test that quarantines fails only beyond a tolerance that it states."""
        if self.quarantine and self.tolerance is None:
            return 1.0
        return super().allowed
