"""A search is expanded into the same distinct trials everywhere, each inside its space."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from config.search import MOST_TRIALS, Search
from config.training import Training

NUMBERS = st.floats(1e-6, 1e6)


@st.composite
def ranges(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    numbers = NUMBERS if kind == "number" else st.integers(1, 100_000)
    low, high = sorted(draw(st.lists(numbers, min_size=2, max_size=2, unique=True)))
    steps = draw(st.integers(2, 5))
    return {
        "type": kind,
        "minimum": low,
        "maximum": high,
        "scale": draw(st.sampled_from(["linear", "log"])),
        "steps": steps,
    }


choices = st.lists(st.sampled_from(["a", "b", 1, 2.5, False]), min_size=1, max_size=5, unique_by=repr).map(
    lambda values: {"type": "choice", "values": values}
)
spaces = st.dictionaries(
    st.sampled_from(["depth", "rate", "loss"]),
    st.one_of(choices, ranges("number"), ranges("integer")),
    min_size=1,
)


def inside(value: Any, dimension: dict[str, Any]) -> bool:
    if dimension["type"] == "choice":
        return repr(value) in map(repr, dimension["values"])
    kind = int if dimension["type"] == "integer" else float
    return type(value) is kind and dimension["minimum"] <= value <= dimension["maximum"]


@settings(max_examples=150, deadline=None)
@given(space=spaces, method=st.sampled_from(["grid", "random"]), trials=st.integers(1, 20), seed=st.integers(0, 9))
def test_every_trial_is_inside_its_space_and_like_no_other(
    space: dict[str, Any], method: str, trials: int, seed: int
) -> None:
    wanted = {"trials": trials, "seed": seed} if method == "random" else {}
    try:
        search = Search.model_validate({"method": method, "space": space, "parameters": {"fixed": 7}, **wanted})
    except ValidationError as error:
        assert "trials: " in str(error)  # noqa: PT017 (a space may have fewer points than are wanted)
        return
    points = search.points()
    assert points == search.points()
    assert len({repr(point) for point in points}) == len(points)
    assert all(point.pop("fixed") == 7 for point in points)
    assert all(list(point) == list(space) for point in points)
    assert all(inside(value, space[name]) for point in points for name, value in point.items())
    assert len(points) == trials or method == "grid"


SPACE = {"rate": {"type": "number", "minimum": 0.001, "maximum": 1, "scale": "log"}}


def test_a_search_is_expanded_alike_by_another_process() -> None:
    code = f"from config.search import Search; print(Search(method='random', trials=3, space={SPACE!r}).points())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    here = Search.model_validate({"method": "random", "trials": 3, "space": SPACE}).points()
    assert told.strip() == str(here) == "[{'rate': 0.0125099}, {'rate': 0.0179524}, {'rate': 0.00900655}]"


def test_a_further_dimension_and_further_trials_change_no_other() -> None:
    few = Search.model_validate({"method": "random", "trials": 3, "space": SPACE}).points()
    depth = {"type": "integer", "minimum": 1, "maximum": 9}
    more = Search.model_validate({"method": "random", "trials": 5, "space": {"depth": depth, **SPACE}}).points()
    assert [point["rate"] for point in more[:3]] == [point["rate"] for point in few]


def test_another_seed_takes_other_points() -> None:
    one, other = (
        Search.model_validate({"method": "random", "trials": 3, "space": SPACE, "seed": seed}).points()
        for seed in (1, 2)
    )
    assert not {repr(point) for point in one} & {repr(point) for point in other}


def test_a_logarithmic_range_spends_as_much_on_each_power_of_ten() -> None:
    points = Search.model_validate({"method": "random", "trials": 200, "space": SPACE}).points()
    below = [sum(point["rate"] < limit for point in points) / 200 for limit in (0.01, 0.1)]  # type: ignore[operator]
    assert below == pytest.approx([1 / 3, 2 / 3], abs=0.1)


def test_a_grid_takes_every_point_in_the_order_of_its_dimensions() -> None:
    space = {
        "rate": {**SPACE["rate"], "steps": 4},
        "depth": {"type": "integer", "minimum": 1, "maximum": 2},
    }
    points = Search.model_validate({"method": "grid", "space": space}).points()
    assert [tuple(point.values()) for point in points] == [
        *[(0.001, 1), (0.001, 2), (0.01, 1), (0.01, 2), (0.1, 1), (0.1, 2), (1.0, 1), (1.0, 2)]
    ]


def test_trials_follow_the_variants_and_have_names() -> None:
    training = Training.model_validate(
        {"variants": [{"name": "plain"}], "search": {"method": "random", "trials": 2, "space": SPACE}}
    )
    assert [trial.name for trial in training.trials] == ["plain", "trial_01", "trial_02"]
    assert training.trials[1].parameters == {"rate": 0.0125099}


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (
            {
                "method": "grid",
                "space": {
                    name: {"type": "integer", "minimum": 1, "maximum": size} for name, size in (("a", 30), ("b", 1000))
                },
            },
            f"space: the grid has 30000 points (a 30 × b 1000), expected at most {MOST_TRIALS}: "
            "give fewer values or steps, or method: random with trials",
        ),
        (
            {"method": "grid", "space": SPACE},
            "space.rate.steps: missing, expected how many numbers of the range a grid tries: add it",
        ),
        (
            {"method": "grid", "trials": 2, "space": {"loss": {"type": "choice", "values": ["a"]}}},
            "trials: a grid takes every point: remove it, or give method: random",
        ),
        (
            {"method": "random", "space": SPACE},
            "trials: missing, expected how many points of the space are tried: add it",
        ),
        (
            {"method": "random", "trials": 4, "space": {"loss": {"type": "choice", "values": ["a", "b"]}}},
            "trials: 4 is more than the 2 points of the space: lower it or widen the space",
        ),
        (
            {"method": "random", "trials": 1, "space": SPACE, "parameters": {"rate": 1}},
            "parameters.rate: it is in space, too: remove it from one of them",
        ),
        (
            {"method": "random", "trials": 1, "space": {"rate": {**SPACE["rate"], "minimum": 0}}},
            "minimum: 0.0 has no logarithm, expected more than 0: raise it or leave scale out",
        ),
        (
            {"method": "random", "trials": 1, "space": {"rate": {**SPACE["rate"], "maximum": 0.0001}}},
            "minimum: 0.001 is not below maximum 0.0001: correct one of them",
        ),
    ],
)
def test_a_search_that_cannot_be_is_told_with_its_mend(search: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        Search.model_validate(search)
    assert [problem["msg"] for problem in error.value.errors()] == [f"Value error, {message}"]


def test_a_sweep_of_nothing_is_refused() -> None:
    with pytest.raises(
        ValidationError, match="neither variants nor a search is given, expected at least one candidate"
    ):
        Training.model_validate({"variants": []})
