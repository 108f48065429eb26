"""What a window's counts say: drift, quality, performance and outcome, and how each lies to the bars of its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.metrics import HIGHER_IS_BETTER, Task
from runtime import performance
from runtime.drift import Histogram
from runtime.monitoring import joins, judge, shift, sketch
from runtime.monitoring.joins import Counters
from runtime.monitoring.judge import Standing
from runtime.monitoring.sketch import Sketch

_SLICE_SAMPLE = 30
"""Labels that a slice must have to be named as the worst one."""
_BEST = {"roc_auc": 1.0}


@dataclass(frozen=True)
class Rules:
    """What a line says under ``monitoring``, as JSON has it, and what its performance is told by.

    ``hidden`` are columns whose values are shown nowhere: they are not in what is captured.
    """

    monitoring: Mapping[str, Any]
    metric: str
    task: Task
    hidden: frozenset[str] = frozenset()

    def watched(self, column: str) -> bool:
        columns = self.monitoring["drift"]["columns"]
        return columns is None or column in columns

    def widths(self) -> dict[str, int]:
        """Return the columns of which several windows are held together, with how many."""
        return {
            name: own["windows"] for name, own in self.monitoring["drift"]["by_column"].items() if own["windows"] > 1
        }


@dataclass(frozen=True)
class Stand:
    """How one monitor sees a window: ``sample`` values, how they stand, and ``what`` is over a bar, the worst first."""

    sample: int
    standing: Standing | None
    what: tuple[Mapping[str, Any], ...] = ()
    slice: str = ""


def drift(rules: Rules, reference: Mapping[str, Histogram], now: Sketch, before: Sketch | None) -> dict[str, Any]:
    """Return the drift of each column that is not hidden."""
    said = rules.monitoring["drift"]
    return shift.compare(
        reference,
        now,
        before=before,
        columns=[name for name in reference if not _hidden(rules, name)],
        against=said["against"],
        method=said["method"],
        threshold=said["threshold"],
        minimum_sample=said["minimum_sample"],
        own=said["by_column"],
    )


def drift_stand(rules: Rules, found: Mapping[str, Any], rows: int) -> Stand:
    told = {name: one for name, one in found.items() if rules.watched(name)}
    over = sorted((name for name, one in told.items() if one["over"]), key=lambda name: -told[name]["index"])
    what = tuple({"column": name, **{key: told[name][key] for key in ("index", "bar", "against")}} for name in over)
    standings = [judge.at_most(one["index"], one["bar"]) for one in told.values()]
    return Stand(rows, judge.worst(standings), what)


def quality(rules: Rules, reference: Mapping[str, Histogram], now: Sketch) -> dict[str, dict[str, Any]]:
    """Return each column's shares of missing, unseen and outside values, and whether one is over its bar."""
    found = {}
    for name, shares in sketch.quality(now).items():
        if name in reference and not _hidden(rules, name):
            over = any(standing == "over" for *_, standing in _bars(rules, reference, name, shares))
            found[name] = {**{key: round(value, 6) for key, value in shares.items()}, "over": over}
    return found


def quality_stand(rules: Rules, reference: Mapping[str, Histogram], found: Mapping[str, Any], rows: int) -> Stand:
    judged = [(name, *told) for name, shares in found.items() for told in _bars(rules, reference, name, shares)]
    over = sorted((one for one in judged if one[4] == "over"), key=lambda one: -one[2])
    what = tuple(
        {"column": name, "index": round(more, 6), "bar": bar, "against": kind} for name, kind, more, bar, _ in over
    )
    return Stand(rows, judge.worst(standing for *_, standing in judged), what)


def _bars(
    rules: Rules, reference: Mapping[str, Histogram], name: str, shares: Mapping[str, float]
) -> Iterator[tuple[str, float, float, Standing]]:
    """Yield (kind, share beyond that of training, bar, standing) of each bar that the line has."""
    usual = {"missing": reference[name]["shares"][-1]}
    said = rules.monitoring["quality"]
    bars = said["by_column"].get(name, said)
    for kind in ("missing", "unseen", "outside"):
        if (bar := bars[kind]) is not None:
            more = max(shares[kind] - usual.get(kind, 0.0), 0.0)
            yield kind, more, bar, judge.at_most(more, bar)


def measured(counters: Counters, task: Task, place: str = joins.WHOLE) -> dict[str, float | None]:
    """Return the metrics of a slice, or of the whole."""
    return dict(performance.measure(counters.get(place, {}), task).metrics)


def labels(counters: Counters, place: str = joins.WHOLE) -> int:
    """Return how many labels were counted."""
    return counters[place]["n"] if place in counters else 0


def outcome(counters: Counters) -> float | None:
    """Return the mean business outcome of the labels that carry one."""
    whole: Mapping[str, int] = counters.get(joins.WHOLE, {})
    n = whole.get("outcome_n", 0)
    return whole.get("outcome_micro", 0) / joins.MICRO / n if n else None


def slices(counters: Counters, task: Task) -> dict[str, dict[str, Any]]:
    return {
        place: {**measured(counters, task, place), "n": labels(counters, place)}
        for place in sorted(counters)
        if place != joins.WHOLE
    }


def performance_stand(rules: Rules, counters: Counters) -> Stand:
    said, metric = rules.monitoring["performance"], rules.metric
    value = measured(counters, rules.task).get(metric) if labels(counters) else None
    judged: list[tuple[str, float, float, Standing]] = []
    if value is not None and said["minimum"] is not None:
        bar = said["minimum"]
        judged.append((metric, value, bar, judge.at_least(value, bar, best=_BEST.get(metric))))
    if value is not None and said["maximum"] is not None:
        judged.append((metric, value, said["maximum"], judge.at_most(value, said["maximum"])))
    mean, bars = outcome(counters), rules.monitoring["outcome"]
    if mean is not None and bars is not None:
        judged.append(("outcome", mean, bars["minimum"], judge.at_least(mean, bars["minimum"])))
    what = tuple(
        {"metric": name, "value": round(found, 6), "bar": bar} for name, found, bar, how in judged if how == "over"
    )
    standing = judge.worst(how for *_, how in judged)
    return Stand(labels(counters), standing, what, slice=_worst_slice(rules, counters) if what else "")


def _worst_slice(rules: Rules, counters: Counters) -> str:
    """Return the slice in which the metric is worst, of those with enough labels to be named."""
    found = slices(counters, rules.task)
    values = {
        place: one[rules.metric]
        for place, one in found.items()
        if one["n"] >= _SLICE_SAMPLE and one[rules.metric] is not None
    }
    if not values:
        return ""
    return (min if HIGHER_IS_BETTER.get(rules.metric, False) else max)(values, key=lambda place: values[place])


def _hidden(rules: Rules, column: str) -> bool:
    return bool({column.lower(), column.lower().partition("__")[2]} & rules.hidden)
