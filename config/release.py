"""What a challenger must reach and how it is put into service: what ``release`` in line.yaml may say."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from config.gates import ALWAYS, Gate, SliceGate
from config.metrics import Metric, Task
from config.rollout import Rollout
from config.strict import Strict

MOST_GATES = 20
"""A function's environment, by which they travel, holds 4 KiB."""
MOST_SLICES = 8
"""Slice gates of a line: what is measured travels in a receipt."""
SUSPICIOUS: dict[Task, tuple[Metric, float]] = {"binary": ("roc_auc", 0.999), "regression": ("r2", 0.9999)}
"""What a gate of the kind leak looks at, and from where on, unless it says so itself."""


class Release(Strict):
    gates: list[Gate] = Field(default=[], max_length=MOST_GATES)
    margin: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="by how much a challenger must beat the champion"
    )
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="of the interval of that gain, whose lower end must be above 0"
    )
    resamples: int = Field(default=1000, ge=200, le=10_000, description="draws of the test rows for an interval")
    by: Literal["row", "day", "week"] = Field(
        default="row", description="what is drawn: single rows, or whole days or weeks whose rows share their luck"
    )
    limits: str = Field(default="", description="intended use and limits, for the model card")
    rollout: Rollout = Rollout()

    @property
    def metrics(self) -> list[tuple[str, Metric]]:
        """Each key that names a metric, with it."""
        named = [(i, getattr(gate, "metric", None)) for i, gate in enumerate(self.gates)]
        return [(f"release.gates[{i}].metric", metric) for i, metric in named if metric is not None]

    @property
    def slices(self) -> list[SliceGate]:
        return [gate for gate in self.gates if isinstance(gate, SliceGate)]

    def bars(self, task: Task) -> list[dict[str, Any]]:
        """Return every gate as it is judged: those that a line always has included, nothing left to a default."""
        kinds = {gate.kind for gate in self.gates}
        gates = (*self.gates, *(gate for gate in ALWAYS if gate.kind not in kinds))
        metric, suspicious = SUSPICIOUS[task]
        assumed = {"leak": {"metric": metric, "suspicious": suspicious}}
        return [{**assumed.get(gate.kind, {}), **gate.model_dump(exclude_none=True)} for gate in gates]

    def measured(self) -> dict[str, Any]:
        """Return what of this decides what an evaluation measures; the bars themselves can be moved without one."""
        return {
            "confidence": self.confidence,
            "resamples": self.resamples,
            "by": self.by,
            "slices": sorted({(gate.slice, gate.metric) for gate in self.slices}),
        }
