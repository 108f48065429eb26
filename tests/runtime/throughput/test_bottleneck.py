"""In simulated lines the bottleneck is the planted one, and a faster station gains what the simulation then does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.throughput.bottleneck import Bottleneck
from runtime.throughput.value import value
from runtime.throughput.words import says
from tests.runtime.throughput.simulated import START, Factory, Plan, rate, simulate

NAMES = ("curation", "features", "training", "release", "scoring", "delivery", "monitoring")
RUNS = 500
TOLERANCE = 0.05
"""Of the throughput: what was predicted beside what the simulation does with that station changed."""


def factory(
    planted: str, slow: float, *, places: int = 1_000_000, at_once: int = 1, varies: str = "exponential"
) -> Factory:
    plans = (Plan(name, slow if name == planted else 60.0, varies, places=places) for name in NAMES)
    return Factory(tuple(plans), at_once=at_once)


def failing(line: Factory, name: str, passes: float) -> Factory:
    plans = (replace(plan, passes=passes) if plan.name == name else plan for plan in line.stations)
    return replace(line, stations=tuple(plans))


def found(line: Factory, seed: int, runs: int = RUNS) -> Bottleneck:
    records, end = simulate(line, runs=runs, seed=seed)
    journey = value(records, now=end, since=START)
    assert journey is not None
    assert journey.bottleneck is not None
    return journey.bottleneck


KINDS = {
    "runs that follow one another": (factory("training", 200.0), "runs"),
    "with a pause between stations": (replace(factory("scoring", 200.0), pause=10.0), "runs"),
    "four runs at a time, stations that take any number": (factory("features", 200.0, at_once=4), "runs"),
    "twelve runs at a time, stations that take one": (factory("release", 150.0, at_once=12, places=1), "station"),
    "three runs at a time, stations that take one": (factory("delivery", 200.0, at_once=3, places=1), "runs"),
    "any number of runs, more than stations take": (
        replace(factory("curation", 150.0, at_once=1_000_000, places=1), every=30.0),
        "station",
    ),
    "constant times": (factory("monitoring", 90.0, at_once=20, places=1, varies="constant"), "station"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1])
def test_the_planted_bottleneck_is_found_and_its_gain_is_what_the_simulation_gains(kind: str, seed: int) -> None:
    line, limit = KINDS[kind]
    planted = max(line.stations, key=lambda plan: plan.mean).name

    told = found(line, seed)

    assert (told.station, told.limited_by) == (planted, limit), says(told)
    before = rate(line, runs=RUNS, seed=seed)
    gain = next(one for one in told.what_if if (one.station, one.faster) == (planted, 0.25))
    after = rate(line.faster(planted, 0.25), runs=RUNS, seed=seed)
    assert gain.throughput == pytest.approx(after / before - 1, abs=TOLERANCE)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_over_many_seeds_every_gain_is_what_the_simulation_gains(kind: str) -> None:
    line, limit = KINDS[kind]
    planted = max(line.stations, key=lambda plan: plan.mean).name
    for seed in range(100, 130):
        told = found(line, seed)
        assert (told.station, told.limited_by) == (planted, limit), f"{seed}: {says(told)}"
        before = rate(line, runs=RUNS, seed=seed)
        for one in told.what_if if seed < 105 else ():
            assert one.faster is not None
            after = rate(line.faster(one.station, one.faster), runs=RUNS, seed=seed)
            assert one.throughput == pytest.approx(after / before - 1, abs=TOLERANCE), f"{seed}: {one}"


@pytest.mark.parametrize("seed", [3])
def test_a_station_that_fails_makes_all_before_it_run_again(seed: int) -> None:
    line = failing(factory("curation", 150.0), "delivery", 0.5)

    told = found(line, seed)

    assert told.station == "curation"
    before = rate(line, runs=RUNS, seed=seed)
    after = rate(line.without_halts("delivery"), runs=RUNS, seed=seed)
    gain = next(one for one in told.what_if if (one.station, one.faster) == ("delivery", None))
    assert gain.throughput == pytest.approx(after / before - 1, rel=0.1)
    assert gain == told.what_if[0]


@pytest.mark.parametrize("every", [900.0, 3000.0])
def test_a_line_that_is_asked_for_less_gains_nothing(every: float) -> None:
    line = replace(factory("training", 150.0, at_once=1 if every > 1000 else 1_000_000, places=1), every=every)

    told = found(line, seed=5, runs=300)

    assert told.limited_by == "demand"
    assert {one.throughput for one in told.what_if} == {0.0}
    assert told.capacity > told.rate


def test_a_run_that_never_ended_takes_no_place() -> None:
    records, end = simulate(factory("training", 200.0), runs=300, seed=6)
    lost = replace(records[3], run="lost", status="running", finished=None, delivered=None, stations=())

    journey = value([*records[:4], lost, *records[4:]], now=end, since=START)

    assert journey is not None
    assert journey.in_progress.stuck == 1
    assert journey.bottleneck is not None
    assert (journey.bottleneck.station, journey.bottleneck.at_once) == ("training", 1)


def test_the_bottleneck_is_told_with_its_evidence() -> None:
    plans = tuple(Plan(name, 300.0 if name == "training" else 50.0, "constant") for name in NAMES)
    assert says(found(Factory(plans), seed=1)) == (
        "training limits the line: runs follow one another, some are there 100% of the time, so all of a run's time "
        "counts, and a delivery costs it 5 min, 50% of all work."
    )
