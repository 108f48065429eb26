import numpy as np
import pandas as pd
import pytest

from runtime import histograms


def frame(numbers: list[float], names: list[str | None], categories: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"n": numbers, "c": pd.Categorical(names, categories=categories)})


def test_a_number_has_ten_bins_of_equal_share_and_one_for_missing() -> None:
    made = histograms.reference(pd.DataFrame({"n": [*range(1000), *[np.nan] * 1000]}), np.linspace(0, 1, 10))

    assert len(made["n"]["edges"]) == 9
    assert made["n"]["shares"] == pytest.approx([0.05] * 10 + [0.5], abs=0.001)


def test_a_category_has_a_bin_for_each_common_value_for_the_others_and_for_missing() -> None:
    names: list[str | None] = [f"{i:02}" for i in range(30) for _ in range(30 - i)] + [None] * 35
    made = histograms.reference(frame([0.0] * 500, names, [f"{i:02}" for i in range(30)]), np.zeros(500))

    assert made["c"]["categories"] == [f"{i:02}" for i in range(20)]
    assert made["c"]["shares"][-2:] == pytest.approx([55 / 500, 35 / 500])


def test_a_profile_counts_rows_in_the_bins_of_its_reference() -> None:
    reference = histograms.reference(frame([1.0, 2.0], ["a", "b"], ["a", "b", "x"]), np.array([0.1, 0.2]))

    seen = histograms.profile(reference, frame([0.0, 9.0, np.nan], ["a", None, "x"], ["a", "b", "x"]), np.zeros(3))

    assert seen["c"] == {"kind": "category", "categories": ["a", "b"], "counts": [1, 0, 1, 1], "outside": 0}
    assert seen["n"]["edges"] == reference["n"]["edges"]
    assert (seen["n"]["counts"][0], sum(seen["n"]["counts"]), seen["n"]["counts"][-1]) == (1, 3, 1)
    assert sum(seen["score"]["counts"]) == 3


def test_a_column_without_any_value_has_bins_too() -> None:
    reference = histograms.reference(frame([np.nan], [None], []), np.array([0.5]))

    assert reference["n"] == {"kind": "number", "edges": [], "n": 1, "shares": [0.0, 1.0]}
    assert reference["c"] == {
        "kind": "category",
        "categories": [],
        "others": [],
        "n": 1,
        "shares": [0.0, 1.0],
    }


def test_a_reference_says_what_it_has_seen_beyond_its_bins() -> None:
    names: list[str | None] = [f"{i:02}" for i in range(22) for _ in range(22 - i)]
    made = histograms.reference(frame([-1.0, np.inf, *[2.5] * 251], names, [f"{i:02}" for i in range(30)]), np.zeros(9))

    assert (made["n"]["minimum"], made["n"]["maximum"], made["n"]["n"]) == (-1.0, 2.5, 253)
    assert made["c"]["others"] == ["20", "21"]


def test_a_profile_counts_numbers_outside_the_range_of_its_reference() -> None:
    reference = histograms.reference(pd.DataFrame({"n": [1.0, 2.0]}), np.zeros(2))

    seen = histograms.profile(reference, pd.DataFrame({"n": [0.5, 1.0, 2.0, np.nan, np.inf]}), np.zeros(5))

    assert seen["n"]["outside"] == 2


def test_a_reference_of_an_older_champion_still_has_profiles() -> None:
    older = {"n": {"kind": "number", "edges": [1.0], "shares": [0.5, 0.5, 0.0]}}

    seen = histograms.profile(older, pd.DataFrame({"n": [0.5, 7.0]}), np.zeros(2))

    assert seen == {"n": {"kind": "number", "edges": [1.0], "counts": [1, 1, 0], "outside": 0}}
