"""The gates of a release: does the challenger reach its bars, and does it beat the champion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from config.metrics import HIGHER_IS_BETTER

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
) -> Decision:
    """Decide on a challenger by its metrics and the champion's, both measured on the same test rows.

    A gate is ``{"metric", "minimum", "maximum", "severity"}``; only one of severity error halts. Equal to the champion
    is not better: without news nothing is released.

    >>> measured = {"roc_auc": 0.78}
    >>> decide(line="flights", challenger=measured, champion=None, gates=[], metric="roc_auc", margin=0).decision
    'promote'
    >>> decide(line="flights", challenger=measured, champion=measured, gates=[], metric="roc_auc", margin=0).decision
    'keep'
    """
    inspections = [_inspected(gate, challenger[gate["metric"]]) for gate in gates]
    failed = [result for result in inspections if not result["passed"] and result["severity"] == "error"]
    if failed:
        return Decision("halt", _below(failed, line), inspections)
    if champion is None:
        return Decision("promote", "", inspections)
    gain = challenger[metric] - champion[metric]
    gain = gain if HIGHER_IS_BETTER[metric] else -gain
    if gain > 0 and gain >= margin:
        return Decision("promote", "", inspections)
    by = f" by {margin:g}" if margin else ""
    message = (
        f"release: {metric} {challenger[metric]:.4f} does not beat the champion's {champion[metric]:.4f}{by}: "
        "the champion stays"
    )
    return Decision("keep", message, inspections)


def _inspected(gate: Mapping[str, Any], observed: float) -> dict[str, Any]:
    minimum, maximum = gate.get("minimum"), gate.get("maximum")
    # written so that NaN, which compares with nothing, does not pass
    passed = (minimum is None or observed >= minimum) and (maximum is None or observed <= maximum)
    bounds = [
        f"at least {minimum:g}" if minimum is not None else "",
        f"at most {maximum:g}" if maximum is not None else "",
    ]
    return {
        "severity": gate["severity"],
        "check": "gate",
        "column": gate["metric"],
        "passed": passed,
        "observed": observed,
        "expected": " and ".join(bound for bound in bounds if bound),
        "minimum": minimum,
        "maximum": maximum,
    }


def _below(failed: Sequence[Mapping[str, Any]], line: str) -> str:
    first = failed[0]
    low = first["minimum"] is not None and not first["observed"] >= first["minimum"]
    bar = first["minimum"] if low else first["maximum"]
    others = f" ({len(failed)} gates in all)" if len(failed) > 1 else ""
    return (
        f"release: {first['column']} {first['observed']:.4f} is {'below' if low else 'above'} its gate {bar:g}{others}"
        f": improve the model or correct release.gates in lines/{line}/line.yaml; the champion stays"
    )
