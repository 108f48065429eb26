"""The bars that a challenger must reach before it is released: what ``release.gates`` in line.yaml may say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from config.metrics import Metric
from config.strict import Strict
from config.thresholds import Number, Severity

Bound = Literal["point", "interval"]


class MetricGate(Strict):
    """A metric on the held-out test rows."""

    kind: Literal["metric"] = "metric"
    metric: Metric
    minimum: Number | None = None
    maximum: Number | None = None
    bound: Bound = Field(
        default="point", description="whether the metric itself is judged or the worse end of its interval"
    )
    severity: Severity = "error"


class SliceGate(Strict):
    """A metric on each part of the test rows by itself, so that no group pays for a good average."""

    kind: Literal["slice"]
    slice: str = Field(description="the dataset's column whose values (or, of a number, quarters) make the parts")
    metric: Metric
    minimum: Number | None = None
    maximum: Number | None = None
    worse_by: Annotated[Number, Field(ge=0)] | None = Field(
        default=None, description="by how much a part may be worse than with the champion, in the metric's unit"
    )
    minimum_rows: int = Field(default=200, ge=2, description="rows below which a part is told and not judged")
    bound: Bound = Field(default="point", description="as for a metric")
    severity: Severity = "error"

    @model_validator(mode="after")
    def _judges(self) -> SliceGate:
        if self.minimum is None and self.maximum is None and self.worse_by is None:
            raise ValueError("judges nothing, expected minimum, maximum or worse_by: add one")
        return self


class BaselineGate(Strict):
    """A baseline that must be beaten on the very same test rows: a model that does not is not worth running."""

    kind: Literal["baseline"]
    baseline: str = Field(description="the name of one of the line's training.baselines")
    metric: Metric
    better_by: Annotated[Number, Field(ge=0)] = Field(
        default=0.0, description="by how much the model must be better, in the metric's unit; equal is never enough"
    )
    severity: Severity = "error"


class LatencyGate(Strict):
    """How long one prediction of a single row takes."""

    kind: Literal["latency"]
    maximum_ms: float = Field(gt=0, description="milliseconds within which 99 of 100 single rows are answered")
    severity: Severity = "error"


class SizeGate(Strict):
    """How large the artefact is."""

    kind: Literal["size"]
    maximum_mb: float = Field(gt=0, description="megabytes (10^6 bytes) of the artefact's files")
    severity: Severity = "error"


class LeakGate(Strict):
    """A metric that is too good to be true: the label is probably among the features."""

    kind: Literal["leak"]
    metric: Metric | None = Field(default=None, description="roc_auc or, of a regression, r2 when not given")
    suspicious: Number | None = Field(
        default=None, description="from where on it is suspicious; 0.999 of roc_auc and 0.9999 of r2 when not given"
    )
    severity: Severity = "error"

    @model_validator(mode="after")
    def _together(self) -> LeakGate:
        if self.metric is not None and self.suspicious is None:
            raise ValueError("suspicious: missing, expected the value from which the metric is suspicious: add it")
        return self


class ConstantGate(Strict):
    """A model that answers the same for every row."""

    kind: Literal["constant"]
    severity: Severity = "error"


def _a_metric_unless_said(given: Any) -> Any:
    """A gate that does not say its kind is one on a metric."""
    return {"kind": "metric", **given} if isinstance(given, dict) else given


Gate = Annotated[
    MetricGate | SliceGate | BaselineGate | LatencyGate | SizeGate | LeakGate | ConstantGate,
    Field(discriminator="kind"),
    BeforeValidator(_a_metric_unless_said),
]

ALWAYS: tuple[LeakGate | ConstantGate, ...] = (LeakGate(kind="leak"), ConstantGate(kind="constant"))
"""Gates that every line has unless it gives its own of that kind."""
