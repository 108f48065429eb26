import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from runtime import drift, histograms
from runtime.monitoring import shift, sketch
from runtime.monitoring.shift import Method

METHODS: tuple[Method, ...] = ("psi", "ks", "js")
EDGES = [0.0, 1.0, 2.0]
REFERENCE: dict[str, Any] = {
    "hour": {"kind": "number", "edges": EDGES, "shares": [0.25, 0.25, 0.25, 0.25, 0.0]},
    "carrier": {"kind": "category", "categories": ["AA", "UA"], "shares": [0.2, 0.7, 0.1, 0.0]},
}
SAME = {"hour": [250, 250, 250, 250, 0], "carrier": [200, 700, 100, 0]}
MOVED = {"hour": [100, 200, 300, 400, 0], "carrier": [500, 400, 100, 0]}
_COUNTS = st.integers(2, 12).flatmap(
    lambda bins: st.tuples(*[st.lists(st.integers(0, 500), min_size=bins, max_size=bins).filter(any)] * 2)
)


def sketched(columns: dict[str, list[int]]) -> sketch.Sketch:
    return {
        "reference": sketch.bins_of(REFERENCE),
        "n": 1000,
        "columns": {name: {"counts": counts, "unseen": 0, "outside": 0} for name, counts in columns.items()},
        "milliseconds": {},
    }


@settings(max_examples=50)
@given(_COUNTS)
def test_ks_is_scipys_statistic_of_the_bins(both: tuple[list[int], list[int]]) -> None:
    one, other = both
    shares = [count / sum(one) for count in one]
    samples = [np.repeat(np.arange(len(counts)), counts) for counts in both]

    assert shift.index("ks", shares, other) == pytest.approx(stats.ks_2samp(*samples, method="asymp").statistic)


@settings(max_examples=50)
@given(_COUNTS)
def test_js_is_scipys_distance_in_bits(both: tuple[list[int], list[int]]) -> None:
    one, other = both
    shares = [count / sum(one) for count in one]

    expected = jensenshannon(shares, [count + 0.5 for count in other], base=2)
    assert shift.index("js", shares, other) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("degrees", [2, 3, 5, 10, 21, 100])
@pytest.mark.parametrize("chance", [0.01, 0.001, 0.001 / 50])
def test_chi_squared_is_scipys_or_a_little_more(degrees: int, chance: float) -> None:
    assert -0.005 <= shift.chi_squared(degrees, chance) / stats.chi2.isf(chance, degrees) - 1 <= 0.07


@pytest.mark.parametrize("n", [50, 1000])
def test_the_noise_of_ks_is_no_less_than_scipys_exact_one(n: int) -> None:
    for chance in (0.01, 0.001, 0.00004):
        noise = shift.noise("ks", bins=11, n=n, chance=chance)

        assert chance / 3 <= stats.kstwo.sf(noise, n) <= chance


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("against_a_sample", [False, True])
def test_noise_is_passed_about_as_seldom_as_it_says(method: Method, against_a_sample: bool) -> None:
    chance, n, m, draws = 0.01, 500, 800, 4000
    shares = np.array([0.3, 0.2, 0.15, 0.1, 0.1, 0.05, 0.04, 0.03, 0.02, 0.01])
    generator = np.random.default_rng(7)
    seen, before = generator.multinomial(n, shares, draws), generator.multinomial(m, shares, draws)
    bar = shift.noise(method, bins=10, n=n, m=m if against_a_sample else math.inf, chance=chance)

    known = (before + 0.5) / (m + 5) if against_a_sample else np.tile(shares, (draws, 1))
    passed = sum(
        shift.index(method, one, counts) > bar for one, counts in zip(known.tolist(), seen.tolist(), strict=True)
    )

    assert passed / draws <= 2 * chance
    assert passed > 0


def test_the_type_of_a_column_chooses_its_method_and_threshold() -> None:
    found = shift.compare(REFERENCE, sketched(MOVED))

    assert [(name, one["method"], one["bar"], one["over"]) for name, one in found.items()] == [
        ("hour", "ks", 0.1, True),
        ("carrier", "js", 0.1, True),
    ]
    assert found["hour"]["index"] == pytest.approx(0.2)


def test_a_line_may_choose_both() -> None:
    found = shift.compare(REFERENCE, sketched(MOVED), method="psi", threshold=0.25)

    assert [(name, one["method"], one["bar"], one["over"]) for name, one in found.items()] == [
        ("hour", "psi", 0.25, False),
        ("carrier", "psi", 0.25, True),
    ]
    assert found["carrier"]["index"] == round(drift.psi(REFERENCE["carrier"]["shares"], MOVED["carrier"]), 6)


@pytest.mark.parametrize("method", METHODS)
def test_what_has_not_moved_is_not_over(method: Method) -> None:
    found = shift.compare(REFERENCE, sketched(SAME), method=method)

    assert all(one["index"] < 0.02 and not one["over"] for one in found.values())


def test_a_verdict_holds_what_a_chart_needs_and_survives_json() -> None:
    told = shift.compare(REFERENCE, sketched(MOVED))["carrier"]

    assert json.loads(json.dumps(told)) == told
    assert told["counts"] == MOVED["carrier"]
    assert told["shares"] == REFERENCE["carrier"]["shares"]
    assert told["bins"] == {"kind": "category", "categories": ["AA", "UA"]}


def test_a_small_sample_needs_a_larger_effect() -> None:
    few = {name: [count // 20 for count in counts] for name, counts in MOVED.items()}

    found = shift.compare(REFERENCE, sketched(few), minimum_sample=50)

    assert found["hour"]["index"] == pytest.approx(0.2)
    assert found["hour"]["bar"] > 0.2
    assert not found["hour"]["over"]


def test_the_more_columns_the_higher_the_noise() -> None:
    few = sketched({name: [count // 5 for count in counts] for name, counts in MOVED.items()})

    both, alone = shift.compare(REFERENCE, few), shift.compare(REFERENCE, few, columns=["hour"])

    assert list(alone) == ["hour"]
    assert shift.compare(REFERENCE, few, columns=[]) == {}
    assert alone["hour"]["bar"] < both["hour"]["bar"]


def test_few_training_rows_are_noise_too() -> None:
    small = {**REFERENCE, "hour": {**REFERENCE["hour"], "n": 300}}

    assert shift.compare(small, sketched(MOVED))["hour"]["bar"] > 0.1


def test_what_moves_with_the_week_is_like_last_week() -> None:
    moved = sketched(MOVED)

    assert not any(one["over"] for one in shift.compare(REFERENCE, moved, before=moved, against=["last_week"]).values())


def test_of_both_references_the_farther_one_is_told() -> None:
    against = ["training", "last_week"]

    training = shift.compare(REFERENCE, sketched(MOVED), before=sketched(MOVED), against=against)
    week = shift.compare(REFERENCE, sketched(SAME), before=sketched(MOVED), against=against)

    assert {one["against"] for one in training.values()} == {"training"}
    assert [(one["against"], one["over"]) for one in week.values()] == [("last_week", True)] * 2
    assert week["hour"]["shares"] == [0.1, 0.2, 0.3, 0.4, 0.0]


@pytest.mark.parametrize("method", METHODS)
def test_last_weeks_index_is_the_same_both_ways(method: Method) -> None:
    found = [
        shift.compare(REFERENCE, sketched(one), before=sketched(other), against=["last_week"], method=method)
        for one, other in ((SAME, MOVED), (MOVED, SAME))
    ]

    assert found[0]["hour"]["index"] == pytest.approx(found[1]["hour"]["index"])


def test_too_few_values_on_either_side_are_no_drift() -> None:
    few = sketched({name: [count // 10 for count in counts] for name, counts in MOVED.items()})

    assert shift.compare(REFERENCE, few) == {}
    assert shift.compare(REFERENCE, sketched(MOVED), before=few, against=["last_week"]) == {}


def test_another_champions_bins_are_not_compared() -> None:
    other = {**sketched(MOVED), "reference": "0" * 12}

    assert shift.compare(REFERENCE, other) == {}
    assert shift.compare(REFERENCE, sketched(MOVED), before=other, against=["last_week"]) == {}


@settings(max_examples=50)
@given(_COUNTS, st.sampled_from(METHODS))
def test_an_index_is_finite_and_never_negative(both: tuple[list[int], list[int]], method: Method) -> None:
    shares = [count / sum(both[0]) for count in both[0]]

    assert 0 <= shift.index(method, shares, both[1]) + 1e-12 < math.inf


def test_frames_are_compared_through_their_profiles() -> None:
    generator = np.random.default_rng(3)
    trained = pd.DataFrame({"still": generator.normal(size=5000), "moved": generator.normal(size=5000)})
    scored = pd.DataFrame({"still": generator.normal(size=2000), "moved": generator.normal(0.5, 1, size=2000)})
    reference = histograms.reference(trained, generator.random(5000))

    found = shift.compare(reference, sketch.of_profile(histograms.profile(reference, scored, generator.random(2000))))

    assert {name: one["over"] for name, one in found.items()} == {"still": False, "moved": True, "score": False}
