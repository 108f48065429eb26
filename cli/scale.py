"""``line scale``: the line at multiples of its data, and how time, memory and cost of each station grow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli import sample
from cli.apart import Apart, run_apart
from cli.check import Checked, Finding
from cli.cost import estimated
from cli.ending import FAILED, UsageError, tell
from cli.order import Order, take_order
from cli.scale_growth import Growth, grown
from cli.site import ENVIRONMENT
from config.errors import LineError
from config.loading import ROOT, load_environment
from config.prices import load_prices
from local.processes import Processes
from runtime.cost.estimate import Usage

FACTORS = (1, 10, 100)
MOST = 1000
WHOLE = "run"
"""The row of the run as a whole."""
LEAST = {"seconds": 0.3, "memory_mb": 10.0, "usd": 0.0005}
"""What is measured, and the difference of each that two runs of the same data may show."""
_PROGRESS = re.compile(r"\s*\d+\.\d s  .+")


@dataclass(frozen=True)
class Measured:
    """The line at one multiple of its data; ``figures`` are by what is measured, then by station."""

    factor: int
    status: str
    told: str = ""
    """Why it did not succeed."""
    raw_mb: float = 0.0
    """Megabytes of its raw files."""
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def factors_of(text: str) -> list[int]:
    """Return the multiples, smallest first; raises UsageError for what is none.

    >>> factors_of("10, 1")
    [1, 10]
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and 1 <= int(word) <= MOST for word in words):
        raise UsageError(f"--factors: {text!r}: expected whole numbers from 1 to {MOST}, e.g. 1,10,100: correct it")
    found = sorted({int(word) for word in words})
    if len(found) < max(2, len(words)):
        raise UsageError(f"--factors: {text!r}: expected at least two numbers, each once, e.g. 1,10,100: correct it")
    return found


def scale_line(
    line: str, *, factors: str, given: Sequence[str], environment: str, as_json: bool, root: Path = ROOT
) -> int:
    """Run the line at each multiple and show how it grows; returns the exit status: 0 when each run succeeded."""
    wanted, order = factors_of(factors), take_order(line, given=given)
    load_environment(environment, root)
    with closing(Processes()) as processes:
        measured = measure(processes, order, wanted, environment=environment, root=root)
    growth = growth_of(measured)
    if as_json:
        print(json.dumps(document(line, environment, measured, growth), indent=2, ensure_ascii=False))
    else:
        from cli.scale_show import show

        show(line, environment, measured, growth)
    for finding in findings(measured, growth):
        tell(finding.message, kind=f"{finding.severity}: ")
    return 0 if all(one.status == "succeeded" for one in measured) else FAILED


def checked(processes: Processes, line: str, root: Path = ROOT) -> Checked:
    """Return the growth as one of the checks of ``line check``."""
    order = take_order(line, given=[])
    measured = measure(processes, order, FACTORS, environment=ENVIRONMENT, root=root)
    growth = growth_of(measured)
    times = ", ".join(f"{one.factor}x" for one in measured)
    told = document(line, ENVIRONMENT, measured, growth)
    return Checked("scale", findings(measured, growth), told=f"at {times} of its data", figures={"scale": told})


def measure(
    processes: Processes, order: Order, factors: Sequence[int], *, environment: str, root: Path = ROOT
) -> list[Measured]:
    """Run the line at each multiple, one after the other so that none slows another down; one that fails is told."""
    found = []
    for number, factor in enumerate(factors, start=1):
        tell(f"{factor}x of the data of {order.line} ({number} of {len(factors)})", kind="")
        try:
            found.append(_measured(processes, order, factor, environment=environment, root=root))
        except LineError as error:
            found.append(Measured(factor, "failed", told=str(error)))
    return found


def _measured(processes: Processes, order: Order, factor: int, *, environment: str, root: Path) -> Measured:
    raw = sample.prepare(processes, order.line, order.local, root, scale=factor).raw
    size = sum(path.stat().st_size for path in raw.rglob("*") if path.is_file()) / 1e6

    def said(text: str) -> None:
        if _PROGRESS.fullmatch(text):
            tell(f"{factor:>5}x  {text}", kind="")

    given = [f"{name}={value}" for name, value in order.given.items()]
    ran = run_apart(processes, order.line, given=given, raw=raw, on_line=said, root=root)
    if ran.status != "succeeded":
        return Measured(factor, ran.status, told=ran.told.removeprefix("error: "), raw_mb=size)
    return Measured(factor, ran.status, raw_mb=size, figures=_figures(ran, order, environment, root))


def _figures(ran: Apart, order: Order, environment: str, root: Path) -> dict[str, dict[str, float]]:
    """Return seconds, megabytes and US dollars by station, and of the whole run: the sum, of memory the most."""
    stations = {str(one["station"]): one for one in ran.document["stations"]}
    seconds = {name: float(one["seconds"]) for name, one in stations.items()}
    memory = {name: float(one["memory_mb"]) for name, one in stations.items() if "memory_mb" in one}
    training = order.bundle.definition.training
    usage = Usage(
        measured={name: value / 60 for name, value in seconds.items()},
        trainings=len(training.trials) + len(training.baselines),
    )
    cost = estimated(
        order.line,
        load_environment(environment, root),
        None if environment == ENVIRONMENT else {"env": environment},
        prices=load_prices(root),
        usage=usage,
        root=root,
    )
    usd = {name: run for name, (_, run) in cost.stations().items() if run}
    return {
        "seconds": {**seconds, WHOLE: float(ran.document["seconds"])},
        "memory_mb": {**memory, WHOLE: max(memory.values(), default=0.0)},
        "usd": {**usd, WHOLE: cost.run_usd},
    }


def growth_of(measured: Sequence[Measured]) -> dict[str, dict[str, Growth]]:
    """Return how each figure of each station grows over the runs that succeeded."""
    good = [one for one in measured if one.status == "succeeded"]
    return {
        what: {
            station: grown(
                {one.factor: one.figures[what][station] for one in good if station in one.figures[what]}, least=least
            )
            for station in dict.fromkeys(name for one in good for name in one.figures[what])
        }
        for what, least in LEAST.items()
    }


_WORDS = {"seconds": "time", "memory_mb": "memory", "usd": "cost"}


def findings(measured: Sequence[Measured], growth: Mapping[str, Mapping[str, Growth]]) -> list[Finding]:
    """Return an error for each multiple that did not succeed, a warning for each station that grows too fast."""
    found = [
        Finding("error", f"{one.factor}x: the run {one.status}: {one.told}")
        for one in measured
        if one.status != "succeeded"
    ]
    for what, word in _WORDS.items():
        for station, one in growth.get(what, {}).items():
            if station != WHOLE and one.verdict == "worse than linear":
                why = f"{station}: {word} grows worse than linear, about as n^{one.exponent:.1f}"
                found.append(Finding("warning", f"{why}: look at its joins and windows, or at what train.py does"))
    return found


def document(
    line: str, environment: str, measured: Sequence[Measured], growth: Mapping[str, Mapping[str, Growth]]
) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    return {
        "line": line,
        "prices_of": environment,
        "runs": [
            {
                "factor": one.factor,
                "status": one.status,
                "told": one.told,
                "raw_mb": round(one.raw_mb, 3),
                **{what: dict(figures) for what, figures in one.figures.items()},
            }
            for one in measured
        ],
        "growth": {
            what: {
                station: {
                    "whole": None if one.whole is None else round(one.whole, 3),
                    "further": None if one.further is None else round(one.further, 3),
                    "verdict": one.verdict,
                }
                for station, one in stations.items()
            }
            for what, stations in growth.items()
        },
    }
