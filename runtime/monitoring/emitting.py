"""The metrics of what was judged: of each verdict its figures, and of each look how the monitors stand."""

from __future__ import annotations

from collections.abc import Sequence

from config.monitors import MONITORS
from runtime import measures
from runtime.monitoring import monitors
from runtime.monitoring.monitors import Ledger
from runtime.monitoring.verdicts import Verdict

_KINDS = {"missing": measures.MISSING, "unseen": measures.UNSEEN, "outside": measures.OUTSIDE}


def verdicts(line: str, found: Sequence[Verdict], metric: str) -> None:
    """Emit the figures of verdicts: drift per feature and the largest, quality's largest shares, the watched metric."""
    for verdict in found:
        drift = {name: one["index"] for name, one in verdict.drift.items()}
        for feature, index in drift.items():
            measures.emit({measures.LINE: line, measures.FEATURE: feature}, {measures.DRIFT: [index]})
        quality = {
            name: [max(one[kind] for one in verdict.quality.values())] if verdict.quality else []
            for kind, name in _KINDS.items()
        }
        value = verdict.performance.get(metric)
        measures.emit(
            {measures.LINE: line},
            {
                measures.DRIFT_MAX: [max(drift.values())] if drift else [],
                measures.PERFORMANCE: [] if value is None else [value],
                measures.OUTCOME: [] if verdict.outcome is None else [verdict.outcome],
                **quality,
            },
        )


def states(ledger: Ledger, line: str) -> dict[str, str]:
    """Emit of each monitor whether it is in alarm, once it has judged anything; return how they stand."""
    kept = monitors.read(ledger, line)
    found: dict[str, str] = {monitor: kept[monitor].state.status for monitor in MONITORS}
    for monitor, status in found.items():
        if status != "waiting":
            dimensions = {measures.LINE: line, measures.MONITOR: monitor}
            measures.emit(dimensions, {measures.ALARMING: [float(status == "alarm")]})
    return found
