"""The gates of a release: does the challenger reach its bars, and does it surely beat the champion.

Everything that is judged was measured by the evaluation and stands in its receipt; a bar can be moved without training
again. Nothing here needs a number's library: the function that decides has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from config.metrics import HIGHER_IS_BETTER
from runtime import bars

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class Decision:
    """``promote`` releases the challenger, ``keep`` leaves the champion in service, ``halt`` ends the run."""

    decision: Literal["promote", "keep", "halt"]
    message: str
    inspections: list[dict[str, Any]]

    @property
    def warned(self) -> bool:
        return any(not result["passed"] and result["severity"] == "warning" for result in self.inspections)


def decide(
    *,
    line: str,
    challenger: Metrics,
    champion: Metrics | None,
    gates: Sequence[Mapping[str, Any]],
    metric: str,
    margin: float,
    comparison: Mapping[str, Any] | None = None,
    measured: Mapping[str, Any] | None = None,
) -> Decision:
    """Decide on a challenger by its metrics and the champion's, both measured on the same test rows.

    A gate is as ``config.release.Release.bars`` gives it; only one of severity error halts. ``comparison`` is the gain
    with its interval: the challenger must gain at least ``margin``, and surely something. Equal to the champion is not
    better: without news nothing is released. ``measured`` is what else the evaluation's receipt says.

    >>> measured = {"roc_auc": 0.78}
    >>> decide(line="flights", challenger=measured, champion=None, gates=[], metric="roc_auc", margin=0).decision
    'promote'
    >>> decide(line="flights", challenger=measured, champion=measured, gates=[], metric="roc_auc", margin=0).decision
    'keep'
    """
    inspections = bars.judged(gates, {**(measured or {}), "metrics": challenger}, line)
    failed = [result for result in inspections if not result["passed"] and result["severity"] == "error"]
    if failed:
        others = f" ({len(failed)} gates in all)" if len(failed) > 1 else ""
        why, mend = failed[0]["why"], failed[0]["mend"]
        return Decision("halt", f"release: {why}{others}: {mend}; the champion stays", inspections)
    if champion is None:
        return Decision("promote", "", inspections)
    gain = challenger[metric] - champion[metric]
    gain = gain if HIGHER_IS_BETTER[metric] else -gain
    beats = gain > 0 and gain >= margin
    if beats and (comparison is None or _above_zero(comparison["low"])):
        return Decision("promote", "", inspections)
    found = f" ({told(comparison)})" if comparison is not None else ""
    ours, theirs = f"{metric} {challenger[metric]:.4f}", f"the champion's {champion[metric]:.4f}"
    if beats:
        message = f"{ours} is not surely better than {theirs}{found}: "
        message += "the champion stays; more test rows (dataset.split.test) would tell more"
    else:
        message = f"{ours} does not beat {theirs}{f' by {margin:g}' if margin else ''}{found}: the champion stays"
    return Decision("keep", f"release: {message}", inspections)


def _above_zero(low: float | None) -> bool:
    return low is not None and low > 0


def told(comparison: Mapping[str, Any]) -> str:
    """Return the gain in words.

    >>> told({"gain": 0.0031, "low": -0.0004, "high": 0.0065, "confidence": 0.95})
    'gain 0.0031, 95 %: -0.0004 to 0.0065'
    >>> told({"gain": -1e-9, "low": -1e-9, "high": 1e-9, "confidence": 0.9})
    'gain 0.0000, 90 %: 0.0000 to 0.0000'
    """
    low, high, sure = comparison["low"], comparison["high"], f"{100 * comparison['confidence']:g} %"
    ends = f"{_four(low)} to {_four(high)}" if low is not None and high is not None else "cannot be told"
    return f"gain {_four(comparison['gain'])}, {sure}: {ends}"


def _four(value: float) -> str:
    """Four decimals, and no minus before what they show as zero."""
    return f"{round(value, 4) + 0.0:.4f}"
