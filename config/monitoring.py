"""What is watched once predictions are out: what ``monitoring`` in line.yaml may say."""

from __future__ import annotations

import datetime as dt
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from config.metrics import Observed
from config.strict import Strict

Method = Literal["auto", "psi", "ks", "js"]
Against = Literal["training", "last_week"]

MOST_SLICES = 5
_HOURS_OF_A_WEEK = 168


class Window(Strict):
    """What is judged together: the predictions of some hours of event time, or so many of them as they come."""

    hours: int | None = Field(default=None, ge=1, le=_HOURS_OF_A_WEEK, description="a divisor or a multiple of 24")
    count: int | None = Field(default=None, ge=100, le=1_000_000)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.hours is None) == (self.count is None):
            raise ValueError("a window has either hours or a count, expected one of them: remove the other")
        if self.hours is not None and 24 % self.hours and self.hours % 24:
            raise ValueError(f"hours: {self.hours} neither divides a day nor is whole days, expected e.g. 1, 6, 24")
        return self

    @property
    def span_hours(self) -> int:
        """Hours of event time that lie together in the store; a window by count is filled from days."""
        return self.hours or 24


class Alarm(Strict):
    """How many of the last windows must be over the bar; it clears after ``of`` windows well under it."""

    at_least: int = Field(default=2, ge=1)
    of: int = Field(default=3, ge=1, le=30)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.at_least > self.of:
            raise ValueError(f"at_least: {self.at_least} of {self.of} windows cannot be over the bar: lower it")
        return self


class ColumnDrift(Strict):
    """What of drift a column has of its own; what is not given is as for all others."""

    windows: int = Field(
        default=1, ge=1, le=30, description="how many windows, the judged one the last, are held against it together"
    )
    threshold: float | None = Field(default=None, gt=0)
    minimum_sample: int | None = Field(default=None, ge=1)
    method: Method | None = None


class Drift(Strict):
    columns: list[str] | None = Field(
        default=None, description="columns (or `score`) held against the threshold; none means all. Each is measured"
    )
    threshold: float | None = Field(
        default=None, gt=0, description="index that is over the bar; none means the method's: psi 0.2, ks and js 0.1"
    )
    minimum_sample: int = Field(default=200, ge=1)
    method: Method = Field(
        default="auto", description="population stability index, Kolmogorov-Smirnov, Jensen-Shannon, or by type"
    )
    against: list[Against] = Field(
        default=["training"],
        min_length=1,
        description="what a window is held against; of both, the one that a column is farther from tells",
    )
    by_column: dict[str, ColumnDrift] = Field(default={}, description="columns with settings of their own")

    @model_validator(mode="after")
    def _watched(self) -> Self:
        for name in self.by_column:
            if self.columns is not None and name not in self.columns:
                raise ValueError(f"by_column: {name} is not among columns, so that nobody watches it: add it there")
        return self


class ColumnQuality(Strict):
    """A column's own bars; what is not given is not looked at."""

    missing: float | None = Field(default=None, gt=0, le=1)
    unseen: float | None = Field(default=None, gt=0, le=1)
    outside: float | None = Field(default=None, gt=0, le=1)


class Quality(Strict):
    """Shares of a column's values, as bars: how much more may be missing, unseen or outside than in training."""

    missing: float | None = Field(default=0.1, gt=0, le=1, description="share that is missing, above that of training")
    unseen: float | None = Field(default=0.1, gt=0, le=1, description="share of values that training never saw")
    outside: float | None = Field(
        default=None, gt=0, le=1, description="share of numbers beyond the smallest and largest of training"
    )
    by_column: dict[str, ColumnQuality] = Field(
        default={}, description="columns with bars of their own, in place of these"
    )


class Performance(Strict):
    metric: Observed | None = Field(default=None, description="none means the task's first")
    minimum: float | None = None
    maximum: float | None = None
    minimum_sample: int = Field(default=200, ge=1)
    slices: list[str] = Field(
        default=[], max_length=MOST_SLICES, description="categories of which each value is measured apart, too"
    )


class Outcome(Strict):
    """The business outcome that labels may carry."""

    minimum: float = Field(description="of the mean over a window's labels; below it performance is over its bar")


class Capture(Strict):
    inputs: float = Field(default=0.1, ge=0, le=1, description="share of the events that are stored with their inputs")
    personal: Literal["drop", "mask"] = Field(
        default="drop", description="whether `personal` columns are left out of events, or there without their value"
    )


class GroundTruth(Strict):
    keep_days: int = Field(
        default=90, ge=1, le=3650, description="how long predictions wait for labels, and labels for predictions"
    )
    table: bool = Field(default=False, description="whether each run sends the labels that the spine knows by then")


class Maintenance(Strict):
    """Some time in which no alarm changes its state; what is over the bar then counts for none."""

    start: dt.datetime
    end: dt.datetime
    every: Literal["day", "week"] | None = Field(default=None, description="none means once")
    why: str = ""

    @field_validator("start", "end")
    @classmethod
    def _in_utc(cls, moment: dt.datetime) -> dt.datetime:
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        longest = {"day": dt.timedelta(days=1), "week": dt.timedelta(weeks=1), None: dt.timedelta.max}[self.every]
        if not dt.timedelta() < self.end - self.start < longest:
            raise ValueError(
                f"end: {self.end:%Y-%m-%dT%H:%MZ} does not follow on start, {self.start:%Y-%m-%dT%H:%MZ}"
                + (f", within a {self.every}" if self.every else "")
                + ": correct one of them"
            )
        return self


class Monitoring(Strict):
    window: Window = Window(hours=24)
    lateness_hours: float = Field(
        default=1, ge=0, le=_HOURS_OF_A_WEEK, description="how long after its end a window is judged"
    )
    alarm: Alarm = Alarm()
    drift: Drift = Drift()
    quality: Quality = Quality()
    performance: Performance = Performance()
    outcome: Outcome | None = None
    capture: Capture = Capture()
    ground_truth: GroundTruth = GroundTruth()
    maintenance: list[Maintenance] = Field(default=[], max_length=20)
