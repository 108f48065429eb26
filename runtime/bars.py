"""Each kind of gate, judged by what the evaluation's receipt says: one inspection result a gate.

A figure that is missing, or that is no number, never passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from config.metrics import HIGHER_IS_BETTER

Gate = Mapping[str, Any]
Measured = Mapping[str, Any]
Result = dict[str, Any]

_NONE = float("nan")


def judged(gates: Sequence[Gate], measured: Measured, line: str) -> list[Result]:
    """Return a result for each gate, in their order.

    ``measured`` is the evaluation's receipt: ``metrics``, ``intervals``, ``slices``, ``latency_ms``, ``size_bytes``,
    ``answers`` (the lowest and the highest score), ``alone`` (what single features tell) and ``baselines`` (the metrics
    of each).
    A gate that did not pass says ``why`` and how to ``mend`` it.
    """
    mend = f"improve the model or correct release.gates in lines/{line}/line.yaml"
    results = [{"mend": mend, **_KINDS[gate.get("kind", "metric")](gate, measured)} for gate in gates]
    return [result | ({"why": "", "mend": ""} if result["passed"] else {}) for result in results]


def _metric(gate: Gate, measured: Measured) -> Result:
    metric = gate["metric"]
    value = _number(measured["metrics"].get(metric))
    sure = gate.get("bound") == "interval"
    low, high = _interval(measured, metric) if sure else (value, value)
    passed, told = _within(gate, low, high, sure=sure)
    end = f"{_bounds(gate)}, the worse end of its interval" if sure else ""
    return _result(gate, metric, passed, observed=value, why=f"{metric} {value:.4f} {told}", expected=end)


def _slice(gate: Gate, measured: Measured) -> Result:
    metric, column = gate["metric"], gate["slice"]
    parts = [part for part in measured.get("slices", []) if (part["slice"], part["metric"]) == (column, metric)]
    known = [part for part in parts if part["rows"] >= gate["minimum_rows"] and part["challenger"] is not None]
    expected = f"{_bounds(gate)} in each part of {column} with {gate['minimum_rows']} rows"
    if not known:
        why = f"no part of {column} has {gate['minimum_rows']} rows that {metric} can be told of"
        return _result(gate, f"{metric} by {column}", False, observed=None, why=why, expected=expected)
    found = [(part, *_part(gate, part)) for part in known]
    failed = [(part, told) for part, passed, told in found if not passed]
    worst = (min if HIGHER_IS_BETTER[metric] else max)(part["challenger"] for part in known)
    why = ""
    if failed:
        part, told = failed[0]
        others = len(failed) - 1
        more = f" and {others} other part{'s fail' if others > 1 else ' fails'}" if others else ""
        why = f"{metric} {part['challenger']:.4f} of {column} {part['value']!r} ({part['rows']} rows) {told}{more}"
    return _result(gate, f"{metric} by {column}", not failed, observed=worst, why=why, expected=expected)


def _part(gate: Gate, part: Mapping[str, Any]) -> tuple[bool, str]:
    """Judge one part: by its bounds, then by how it fares with the champion."""
    sure = gate.get("bound") == "interval"
    value = _number(part["challenger"])
    low, high = (_number(part["low"]), _number(part["high"])) if sure else (value, value)
    passed, told = _within(gate, low, high, sure=sure)
    allowed = gate.get("worse_by")
    if not passed or allowed is None or part["champion"] is None:
        return passed, told
    gain = part["challenger"] - part["champion"]
    gain = gain if HIGHER_IS_BETTER[gate["metric"]] else -gain
    least = _number(part["gain_low"]) if sure else gain
    may = f"may be {-least:.4f} worse" if sure else f"is {-least:.4f} worse"
    return least >= -allowed, f"{may} than the champion's {part['champion']:.4f}, at most {allowed:g} is allowed"


def _baseline(gate: Gate, measured: Measured) -> Result:
    metric, name, least = gate["metric"], gate["baseline"], gate["better_by"]
    value = _number(measured["metrics"].get(metric))
    other = _number(measured.get("baselines", {}).get(name, {}).get(metric))
    gain = value - other if HIGHER_IS_BETTER[metric] else other - value
    by = f" by {least:g}" if least else ""
    return _result(
        gate,
        f"{metric} beside {name}",
        gain > 0 and gain >= least,
        observed=value,
        expected=f"better than {name}'s {other:.4f}{by}",
        why=f"{metric} {value:.4f} does not beat the baseline {name}'s {other:.4f}{by}",
    )


def _latency(gate: Gate, measured: Measured) -> Result:
    value, most = _number(measured.get("latency_ms")), gate["maximum_ms"]
    return _result(
        gate,
        "latency",
        value <= most,
        observed=value,
        expected=f"at most {most:g} ms",
        why=f"a single row took {value:.1f} ms (99th percentile), above its gate {most:g} ms",
    )


def _size(gate: Gate, measured: Measured) -> Result:
    value, most = _number(measured.get("size_bytes")) / 1e6, gate["maximum_mb"]
    return _result(
        gate,
        "size",
        value <= most,
        observed=value,
        expected=f"at most {most:g} MB",
        why=f"the artefact has {value:.2f} MB, above its gate {most:g} MB",
    )


def _leak(gate: Gate, measured: Measured) -> Result:
    metric, bar = gate["metric"], gate["suspicious"]
    value = _number(measured["metrics"].get(metric))
    higher = HIGHER_IS_BETTER[metric]
    told = ", ".join(
        f"{name!r} {'' if i else 'reaches '}{share:.4f}"
        for i, (name, share) in enumerate(measured.get("alone", [])[:3])
    )
    alone = f": alone {told}" if told else ""
    result = _result(
        gate,
        f"{metric} (leak)",
        value < bar if higher else value > bar,
        observed=value,
        expected=f"{'below' if higher else 'above'} {bar:g}",
        why=f"{metric} {value:.4f} is too good to be true (suspicious from {bar:g}), the label probably leaks{alone}",
    )
    mend = "leave out what was known only afterwards, or say from where on it is suspicious in a gate of kind leak"
    return {**result, "mend": mend}


def _constant(gate: Gate, measured: Measured) -> Result:
    lowest, highest = (_number(value) for value in measured.get("answers") or (None, None))
    result = _result(
        gate,
        "constant",
        lowest < highest,
        observed=highest - lowest,
        expected="answers that differ",
        why=f"the model answers {lowest:.4f} for every test row",
    )
    return {**result, "mend": "look at its columns and at what train does with them"}


_KINDS: Mapping[str, Callable[[Gate, Measured], Result]] = {
    "metric": _metric,
    "slice": _slice,
    "baseline": _baseline,
    "latency": _latency,
    "size": _size,
    "leak": _leak,
    "constant": _constant,
}


def _within(gate: Gate, low: float, high: float, *, sure: bool) -> tuple[bool, str]:
    """Judge a value, or the ends of its interval, by a gate's bounds; written so that NaN does not pass."""
    minimum, maximum = gate.get("minimum"), gate.get("maximum")
    if minimum is not None and not low >= minimum:
        return False, f"{_may('low', low, sure)}is below its gate {minimum:g}"
    if maximum is not None and not high <= maximum:
        return False, f"{_may('high', high, sure)}is above its gate {maximum:g}"
    return True, ""


def _may(way: str, end: float, sure: bool) -> str:
    return f"may be as {way} as {end:.4f}, which " if sure else ""


def _interval(measured: Measured, metric: str) -> tuple[float, float]:
    low, high = measured.get("intervals", {}).get(metric) or (None, None)
    return _number(low), _number(high)


def _number(value: float | None) -> float:
    return _NONE if value is None else value


def _bounds(gate: Gate) -> str:
    minimum, maximum, worse = gate.get("minimum"), gate.get("maximum"), gate.get("worse_by")
    told = [
        f"at least {minimum:g}" if minimum is not None else "",
        f"at most {maximum:g}" if maximum is not None else "",
        f"at most {worse:g} worse than the champion" if worse is not None else "",
    ]
    return " and ".join(filter(None, told))


def _result(gate: Gate, name: str, passed: bool, *, observed: float | None, why: str, expected: str = "") -> Result:
    finite = observed is not None and math.isfinite(observed)
    return {
        "severity": gate["severity"],
        "check": "gate",
        "kind": gate.get("kind", "metric"),
        "column": name,
        "passed": passed,
        "observed": observed if finite else None,
        "expected": expected or _bounds(gate),
        "why": why,
    }
