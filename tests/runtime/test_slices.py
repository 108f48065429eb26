"""The parts that a column makes of the rows, and how models fare in each."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import LineError
from runtime import slices
from runtime.bootstrap import Bootstrap


def parts(values: pa.Array | list[Any]) -> dict[str, int]:
    return {name: len(places) for name, places in slices.parts(pa.chunked_array([pa.array(values)]))}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "b", "a", None], {"a": 2, "b": 1, "(missing)": 1}),
        ([1, 1, 2], {"1": 2, "2": 1}),
        ([0.5, 0.5, None], {"0.5": 2, "(missing)": 1}),
        (list(range(100)), {"up to 24.75": 25, "24.75 to 49.5": 25, "49.5 to 74.25": 25, "above 74.25": 25}),
        ([0] * 50 + list(range(1, 51)), {"up to 0": 50, "0.5 to 25.25": 25, "above 25.25": 25}),
        (["x" * 60], {"x" * 39 + "…": 1}),
        (pa.array(["a", "b"]).dictionary_encode(), {"a": 1, "b": 1}),
        (pa.array([None, None], pa.string()), {"(missing)": 2}),
    ],
)
def test_a_part_is_a_value_or_a_numbers_quarter(values: Any, expected: dict[str, int]) -> None:
    assert parts(values) == expected


def test_rare_values_make_one_part() -> None:
    found = parts([f"v{i}" for i in range(30) for _ in range(30 - i)])
    assert len(found) == slices.MOST + 1
    assert found["(others)"] == sum(30 - i for i in range(slices.MOST, 30))


@given(st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=1, max_size=200))
def test_every_row_is_in_exactly_one_part(values: list[int | None]) -> None:
    places = [place for _, found in slices.parts(pa.chunked_array([pa.array(values, pa.int64())])) for place in found]
    assert sorted(places) == list(range(len(values)))


@pytest.fixture(scope="module")
def figures() -> dict[str, dict[str, Any]]:
    """300 rows of ``big``, 40 of one label only, 20 without a value; the challenger is worse in ``big`` alone."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 360)
    labels[300:340] = 0
    champion = labels + random.normal(scale=0.8, size=360)
    challenger = np.where(np.arange(360) < 300, champion + random.normal(scale=2, size=360), champion)
    rows = pa.table({"place": ["big"] * 300 + ["sure"] * 40 + [None] * 20})
    draws = Bootstrap(labels=labels, task="binary", seed=1, resamples=200)
    found = slices.measured(rows, [("place", "roc_auc")], draws, challenger, champion)
    return {figure["value"]: figure for figure in found}


def test_each_part_has_its_rows_figures_and_interval(figures: dict[str, dict[str, Any]]) -> None:
    assert {value: figure["rows"] for value, figure in figures.items()} == {"big": 300, "sure": 40, "(missing)": 20}
    big = figures["big"]
    assert big["low"] < big["challenger"] < big["high"]
    assert big["challenger"] < big["champion"]
    assert big["gain_low"] < big["challenger"] - big["champion"]


def test_a_part_of_one_label_tells_nothing(figures: dict[str, dict[str, Any]]) -> None:
    told = {name: figures["sure"][name] for name in ("challenger", "low", "high", "champion", "gain_low")}
    assert set(told.values()) == {None}


def test_without_a_champion_there_is_nothing_to_compare() -> None:
    draws = Bootstrap(labels=np.array([0, 1] * 20), task="binary", seed=1, resamples=200)
    (figure,) = slices.measured(
        pa.table({"place": ["a"] * 40}), [("place", "brier")], draws, np.array([0.2, 0.7] * 20), None
    )
    assert (figure["challenger"], figure["champion"], figure["gain_low"]) == (pytest.approx(0.065), None, None)


def test_a_part_of_few_days_has_no_interval_of_days() -> None:
    labels = np.array([0, 1] * 50)
    days = np.arange(100) // 10
    draws = Bootstrap(labels=labels, task="binary", seed=1, resamples=200, blocks=days, by="day")
    rows = pa.table({"place": ["late"] * 70 + ["early"] * 30})
    late, early = slices.measured(rows, [("place", "brier")], draws, np.full(100, 0.4), None)
    assert late["low"] is not None
    assert (early["low"], early["challenger"]) == (None, pytest.approx(0.26))


def test_a_column_that_the_rows_lack_is_named() -> None:
    draws = Bootstrap(labels=np.array([0, 1]), task="binary", seed=1)
    with pytest.raises(LineError) as raised:
        slices.measured(pa.table({"place": ["a", "b"]}), [("plcae", "brier")], draws, np.array([0, 1]), None)
    assert str(raised.value) == (
        "release.gates: slice: 'plcae' is not a column of the dataset, expected one of place: correct the name"
    )


def test_as_many_slices_as_are_allowed_fit_into_a_receipt() -> None:
    """8 gates on a column of long values, in a receipt of 32 KiB that says more than that."""
    names = [f"{i:02d}-{'x' * 60}" for i in range(30)]
    labels = np.array([0, 1] * 300)
    rows = pa.table({"a_long_view__and_a_long_column": [names[i % 30] for i in range(600)]})
    draws = Bootstrap(labels=labels, task="binary", seed=1, resamples=200)
    scores = np.random.default_rng(0).uniform(size=600)
    one = slices.measured(rows, [("a_long_view__and_a_long_column", "average_precision")], draws, scores, scores[::-1])
    assert len(one) == slices.MOST + 1
    assert 8 * len(json.dumps(one)) < 26 * 1024
