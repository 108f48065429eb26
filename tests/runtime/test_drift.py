import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import drift

EDGES = [0.0, 1.0, 2.0]
REFERENCE = {
    "hour": {"kind": "number", "edges": EDGES, "shares": [0.5, 0.5]},
    "carrier": {"kind": "category", "categories": ["AA", "UA"], "shares": [0.2, 0.8]},
}


def number(*counts: int) -> dict[str, Any]:
    return {"kind": "number", "edges": EDGES, "counts": list(counts)}


def test_the_index_is_the_textbook_figure() -> None:
    assert drift.psi([0.5, 0.5], [30_000, 70_000]) == pytest.approx(0.1695, abs=1e-3)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20), st.data())
def test_the_index_is_finite_and_never_negative(counts: list[int], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(0, 100), min_size=len(counts), max_size=len(counts)).filter(any))
    index = drift.psi([weight / sum(weights) for weight in weights], counts)

    assert 0 <= index + 1e-12 < float("inf")


def test_a_sample_of_the_same_distribution_has_not_drifted() -> None:
    rng = random.Random(1)
    counts = [0] * 10
    for _ in range(950):
        counts[rng.randrange(10)] += 1

    assert drift.psi([0.1] * 10, counts) < 0.05


def test_columns_are_compared_by_name() -> None:
    profile = {
        "hour": number(900, 100),
        "carrier": {"kind": "category", "categories": ["AA", "UA"], "counts": [200, 800]},
    }

    index = drift.compare(REFERENCE, profile, minimum_sample=200)

    assert index["hour"] > 0.8
    assert index["carrier"] < 0.001


def test_a_column_with_too_few_values_is_left_out() -> None:
    assert drift.compare(REFERENCE, {"hour": number(199, 0)}, minimum_sample=200) == {}


def test_a_column_that_only_one_side_knows_is_left_out() -> None:
    assert drift.compare(REFERENCE, {"new": number(900, 0)}, minimum_sample=200) == {}


def test_a_column_with_other_bins_is_left_out() -> None:
    profile = {"hour": {"kind": "number", "edges": [0.0, 1.5, 2.0], "counts": [500, 500]}}

    assert drift.compare(REFERENCE, profile, minimum_sample=200) == {}
