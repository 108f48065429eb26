"""The model of a line: what ``lines/<name>/line.yaml`` may say."""

from __future__ import annotations

import re
from collections.abc import Collection

from pydantic import Field, field_validator, model_validator

from config.checks import Check
from config.curation import CuratedTable
from config.delivery import Delivery
from config.engine import Engine
from config.gates import BaselineGate, SliceGate
from config.known import check as check_known
from config.metrics import METRICS, OBSERVED, Metric, Observed, Task
from config.monitoring import Monitoring
from config.parameters import Parameter
from config.release import MOST_SLICES, Release
from config.retraining import Retraining
from config.sources import S3Source, Source
from config.strict import LineName, Name, Strict
from config.thresholds import QuarantineCheck
from config.training import Training


class FeatureView(Strict):
    """One SELECT in ``features/<view>.sql`` that gives entity keys, an event time and feature columns."""

    entity: list[str] = Field(min_length=1)
    event_time: str = Field(description="the column with the moment from which a row's values are known (UTC)")
    ttl_hours: float | None = Field(default=None, gt=0, description="how long a row stays usable; none means for ever")


class Split(Strict):
    """Half-open ranges of event time, each bound the name of a date parameter."""

    train: tuple[str, str]
    validation: tuple[str, str]
    test: tuple[str, str]


class Dataset(Strict):
    """What one example is: the rows of ``spine.sql`` joined, as of their event time, with feature views."""

    task: Task = Field(default="binary", description="the label is 0 or 1, or a number to be estimated")
    id: str
    event_time: str
    label: str
    label_known_at: str | None = Field(
        default=None, description="the spine's column with the moment from which the label is known"
    )
    request: list[str] = Field(min_length=1, description="spine columns that the model may use")
    categorical: list[str] = Field(default=[], description="columns that are categories")
    features: list[str] = Field(default=[], description="feature views to join")
    split: Split


class Scoring(Strict):
    """Which rows of the spine are scored: those from the date parameter ``date`` on, for ``hours`` hours."""

    date: str
    hours: int = Field(default=24, ge=1)


class Line(Strict):
    """One use case, as its folder describes it."""

    line: LineName
    engine: Engine = Field(
        default="duckdb", description="what runs the SQL of curation and features: DuckDB on one machine, or Spark"
    )
    question: str = Field(min_length=10, description="the question whose answer is delivered")
    parameters: dict[Name, Parameter] = Field(default={})
    sources: dict[Name, Source] = Field(min_length=1)
    tests: dict[Name, list[Check]] = Field(default={}, description="checks per curated table, view or `predictions`")
    curation: dict[Name, CuratedTable] = Field(default={}, description="curated tables that are kept incrementally")
    accepted_changes: dict[Name, dict[str, str]] = Field(
        default={},
        description="breaking changes of tables that are meant: table -> column -> its new SQL type, or `dropped`",
    )
    personal: list[str] = Field(
        default=[], description="columns whose values are shown nowhere: not in samples, figures, proposals or messages"
    )
    features: dict[Name, FeatureView] = Field(default={})
    dataset: Dataset
    training: Training
    release: Release = Release()
    scoring: Scoring
    delivery: Delivery = Delivery()
    monitoring: Monitoring = Monitoring()
    retraining: Retraining = Retraining()
    schedule: str | None = Field(default=None, description="an EventBridge schedule expression, e.g. rate(1 day)")

    @property
    def metric(self) -> Metric:
        """What variants and the champion are compared by."""
        given = self.training.metric
        return given if given is not None else next(iter(METRICS[self.dataset.task]))

    @property
    def observed_metric(self) -> Observed:
        """What is watched once ground truth has joined."""
        given = self.monitoring.performance.metric
        return given if given is not None else OBSERVED[self.dataset.task][0]

    @field_validator("line")
    @classmethod
    def _is_no_other_stack(cls, name: str) -> str:
        if name in ("foundation", "workbench"):
            raise ValueError(f"{name!r} is what another stack of an environment is called: choose another name")
        return name

    @model_validator(mode="after")
    def _metrics_belong_to_the_task(self) -> Line:
        task = self.dataset.task
        named: list[tuple[str, str, Collection[str]]] = [
            ("training.metric", self.metric, METRICS[task]),
            *((key, metric, METRICS[task]) for key, metric in self.release.metrics),
            ("monitoring.performance.metric", self.observed_metric, OBSERVED[task]),
        ]
        for key, metric, known in named:
            if metric not in known:
                allowed = ", ".join(known)
                raise ValueError(f"{key}: {metric!r} is not a metric of the task {task}, expected one of {allowed}")
        return self

    @model_validator(mode="after")
    def _slices_are_columns(self) -> Line:
        views = tuple(f"{view}__" for view in self.dataset.features)
        hidden = {name.lower() for name in self.personal}
        for i, gate in enumerate(self.release.gates):
            if not isinstance(gate, SliceGate):
                continue
            key, name = f"release.gates[{i}].slice", gate.slice
            if name not in self.dataset.request and not name.startswith(views):
                allowed = ", ".join([*self.dataset.request, *(f"{view}<column>" for view in views)])
                raise ValueError(f"{key}: {name!r} is not a column of the dataset, expected one of {allowed}")
            if {name.lower(), name.lower().partition("__")[2]} & hidden:
                raise ValueError(f"{key}: {name!r} is personal, so that its values are shown nowhere: choose another")
        if len(self.release.slices) > MOST_SLICES:
            raise ValueError(f"release.gates: {len(self.release.slices)} are slices, expected at most {MOST_SLICES}")
        return self

    @model_validator(mode="after")
    def _watched_slices_are_categories(self) -> Line:
        hidden, known = {name.lower() for name in self.personal}, self.dataset.categorical
        for i, name in enumerate(self.monitoring.performance.slices):
            key = f"monitoring.performance.slices[{i}]"
            if name not in known:
                allowed = ", ".join(known) or "none"
                raise ValueError(f"{key}: {name!r} is not under dataset.categorical, expected one of {allowed}")
            if {name.lower(), name.lower().partition("__")[2]} & hidden:
                raise ValueError(f"{key}: {name!r} is personal, so that its values are shown nowhere: choose another")
        return self

    @model_validator(mode="after")
    def _a_run_lies_in_one_window(self) -> Line:
        hours, least = self.monitoring.window.hours, min(24, self.scoring.hours)
        if hours is not None and hours < least:
            raise ValueError(
                f"monitoring.window.hours: {hours} is less than the {self.scoring.hours} hours that a run scores, and "
                f"what a run scored is judged as one, expected at least {least}: raise it, or give a count instead"
            )
        return self

    @model_validator(mode="after")
    def _incremental_by_one_partition(self) -> Line:
        for table, curated in self.curation.items():
            source = self.sources.get(curated.incremental)
            if not isinstance(source, S3Source) or len(source.partitions) != 1:
                allowed = [n for n, s in self.sources.items() if isinstance(s, S3Source) and len(s.partitions) == 1]
                raise ValueError(
                    f"curation.{table}.incremental: {curated.incremental!r} is not a source of files with one "
                    f"partition column, expected one of {', '.join(allowed) or 'none'}"
                )
        return self

    @model_validator(mode="after")
    def _what_is_left_out_is_known(self) -> Line:
        views = {view: self.features[view].entity for view in self.dataset.features if view in self.features}
        check_known(self.delivery.known, event_time=self.dataset.event_time, request=self.dataset.request, views=views)
        return self

    @model_validator(mode="after")
    def _predictions_are_whole(self) -> Line:
        for i, check in enumerate(self.tests.get("predictions", [])):
            if isinstance(check, QuarantineCheck) and check.quarantine:
                raise ValueError(
                    f"tests.predictions[{i}].quarantine: predictions are delivered whole, expected false: remove it"
                )
        return self

    @model_validator(mode="after")
    def _names_agree(self) -> Line:
        dates = {name for name, parameter in self.parameters.items() if parameter.type == "date"}
        split = self.dataset.split
        named = {
            **{
                f"dataset.split.{part}[{i}]": bound
                for part in ("train", "validation", "test")
                for i, bound in enumerate(getattr(split, part))
            },
            "scoring.date": self.scoring.date,
        }
        for key, name in named.items():
            if name not in dates:
                allowed = ", ".join(sorted(dates)) or "none"
                raise ValueError(f"{key}: {name!r} is not a date parameter, expected one of {allowed}")
        for i, view in enumerate(self.dataset.features):
            if view not in self.features:
                allowed = ", ".join(sorted(self.features)) or "none"
                raise ValueError(f"dataset.features[{i}]: {view!r} is not a feature view, expected one of {allowed}")
        names = [variant.name for variant in (*self.training.trials, *self.training.baselines)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"training: the variant name {name!r} is used twice, expected distinct names")
        baselines = [baseline.name for baseline in self.training.baselines]
        for i, gate in enumerate(self.release.gates):
            if isinstance(gate, BaselineGate) and gate.baseline not in baselines:
                allowed = ", ".join(baselines) or "none"
                raise ValueError(
                    f"release.gates[{i}].baseline: {gate.baseline!r} is not a baseline, expected one of {allowed}"
                )
        if self.schedule is not None and not re.fullmatch(r"(rate|cron)\(.+\)", self.schedule):
            raise ValueError(f"schedule: {self.schedule!r} is not a schedule, expected rate(...) or cron(...)")
        return self
