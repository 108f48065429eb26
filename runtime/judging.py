"""What an evaluation finds out about a challenger: figures with their intervals, by part, beside the champion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from config.line import Line
from config.metrics import METRICS
from runtime import bars, bootstrap, evaluation, importance, slices, suspects
from runtime.asof import microseconds
from runtime.bootstrap import Bootstrap, Comparison
from runtime.evaluation import Contestant
from runtime.importance import Importance


@dataclass(frozen=True)
class Judged:
    """Figures as the receipt has them, and the importance of features for the model card."""

    figures: dict[str, Any]
    importances: Sequence[Importance] = field(default=())
    median_ms: float = 0.0


def judge(
    line: Line,
    challenger: Contestant,
    champion: Contestant | None,
    *,
    baselines: Mapping[str, Mapping[str, float]],
    fingerprint: str,
    size_bytes: int,
) -> Judged:
    """Measure a challenger and judge its gates.

    ``baselines`` are their metrics on the same rows, by name. ``fingerprint`` is the dataset's: the same rows are drawn
    whenever it is the same.
    """
    release, task, seed = line.release, line.dataset.task, bootstrap.seed_of(fingerprint)
    moments = microseconds(challenger.rows[line.dataset.event_time].combine_chunks())
    draws = Bootstrap(
        labels=challenger.labels,
        task=task,
        seed=seed,
        blocks=bootstrap.blocks_of(moments, release.by),
        resamples=release.resamples,
        confidence=release.confidence,
        by=release.by,
    )
    before = None if champion is None else champion.scores
    comparison: Comparison | None = None
    intervals = draws.intervals(challenger.scores, list(METRICS[task]))
    if before is not None:
        _, comparison = draws.compared(challenger.scores, before, line.metric)
    median_ms, high_ms = evaluation.latency(challenger, seed)
    wanted = dict.fromkeys((gate.slice, gate.metric) for gate in release.slices)
    figures: dict[str, Any] = {
        "comparison": asdict(comparison) if comparison else None,
        "intervals": {name: [found.low, found.high] for name, found in intervals.items()},
        "slices": slices.measured(challenger.rows, wanted, draws, challenger.scores, before),
        "latency_ms": round(high_ms, 3),
        "size_bytes": size_bytes,
        "answers": [float(challenger.scores.min()), float(challenger.scores.max())],
        "alone": suspects.alone(challenger.frame, challenger.labels, task),
    }
    measured = {**figures, "metrics": challenger.metrics, "baselines": baselines}
    figures["gates"] = bars.judged(release.bars(task), measured, line.line)
    return Judged(
        figures=figures,
        importances=importance.of(challenger.artefact, challenger.frame, challenger.labels, line.metric, seed),
        median_ms=median_ms,
    )
