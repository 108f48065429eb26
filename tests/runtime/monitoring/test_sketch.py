import json
import math
import random
import time
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime import histograms
from runtime.monitoring import counting, sketch

EDGES = [0.0, 1.0, 2.0]
REFERENCE: dict[str, Any] = {
    "hour": {"kind": "number", "edges": EDGES, "shares": [0.25] * 4 + [0.0], "minimum": -5.0, "maximum": 5.0},
    "carrier": {"kind": "category", "categories": ["AA", "UA"], "others": ["ZZ"], "shares": [0.2, 0.7, 0.1, 0.0]},
    "score": {"kind": "number", "edges": [0.5], "shares": [0.5, 0.5, 0.0]},
}
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text("ab1.", max_size=3), st.decimals(allow_nan=None),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=2), st.none(), max_size=1),
)  # fmt: skip
_ROWS = st.lists(st.dictionaries(st.sampled_from([*REFERENCE, "unknown"]), _VALUES), max_size=20)


def counted(column: str, *values: Any) -> tuple[list[int], int, int]:
    found = sketch.of(REFERENCE, [{column: value} for value in values])["columns"][column]
    return found["counts"], found["unseen"], found["outside"]


def test_numbers_lie_in_the_bins_of_the_reference() -> None:
    assert counted("hour", -1, 0, 0.5, 1, 2.0, 5) == ([1, 2, 1, 2, 0], 0, 0)


def test_what_a_number_can_be_besides() -> None:
    assert counted("hour", True, Decimal("1.5"), np.float64(0.5), 10**400, -math.inf) == ([1, 1, 2, 1, 0], 0, 2)


def test_a_missing_number_is_in_the_last_bin() -> None:
    assert counted("hour", None, math.nan, Decimal("NaN")) == ([0, 0, 0, 0, 3], 0, 0)
    assert sketch.of(REFERENCE, [{}])["columns"]["hour"]["counts"] == [0, 0, 0, 0, 1]


def test_text_for_a_number_is_missing_and_unseen() -> None:
    assert counted("hour", "12", "", [1], {}) == ([0, 0, 0, 0, 4], 4, 0)


def test_categories_are_listed_others_or_missing() -> None:
    assert counted("carrier", "AA", "UA", "ZZ", "new", None, math.nan) == ([1, 1, 2, 2], 1, 0)


def test_a_category_is_read_as_the_models_encoding_reads_it() -> None:
    reference = {"flag": {"kind": "category", "categories": ["true", "5"], "others": []}}
    rows = [{"flag": value} for value in (True, 5, Decimal(5), False, ["5"])]

    assert sketch.of(reference, rows)["columns"]["flag"] == {"counts": [1, 2, 2, 0], "unseen": 2, "outside": 0}


def test_a_masked_value_counts_nowhere() -> None:
    assert counted("carrier", counting.MASKED, "AA") == ([1, 0, 0, 0], 0, 0)
    assert counted("hour", counting.MASKED, 3) == ([0, 0, 0, 1, 0], 0, 0)


@pytest.mark.parametrize(("others", "unseen"), [(0.0, 1), (0.1, 0)])
def test_of_an_older_reference_unseen_is_told_only_when_it_lists_all(others: float, unseen: int) -> None:
    older = {"carrier": {"kind": "category", "categories": ["AA"], "shares": [0.9, others, 0.1]}}

    found = sketch.of(older, [{"carrier": "new"}])["columns"]["carrier"]

    assert found == {"counts": [0, 1, 0], "unseen": unseen, "outside": 0}


def test_of_an_older_reference_nothing_is_outside() -> None:
    older = {"hour": {"kind": "number", "edges": EDGES, "shares": [0.25] * 4 + [0.0]}}

    assert sketch.of(older, [{"hour": 1e9}])["columns"]["hour"]["outside"] == 0


@settings(max_examples=50)
@given(_ROWS)
def test_no_row_is_refused_and_each_is_counted_once(rows: list[dict[str, Any]]) -> None:
    found = sketch.of(REFERENCE, rows)

    assert found["n"] == len(rows)
    for column in found["columns"].values():
        assert sum(column["counts"]) == len(rows)
        assert column["unseen"] + column["outside"] <= len(rows)
    assert sketch.unpack(sketch.pack(found)) == found


@settings(max_examples=50)
@given(_ROWS, st.integers(0, 20), st.integers(0, 20), st.randoms(use_true_random=False))
def test_parts_add_up_to_the_whole_in_any_order(
    rows: list[dict[str, Any]], first: int, second: int, chance: random.Random
) -> None:
    times = [chance.lognormvariate(2, 1) for _ in rows]
    cuts = sorted([0, min(first, len(rows)), min(second, len(rows)), len(rows)])
    parts = [sketch.of(REFERENCE, rows[a:b], milliseconds=times[a:b]) for a, b in pairwise(cuts)]
    chance.shuffle(parts)

    assert sketch.merge(parts) == sketch.of(REFERENCE, rows, milliseconds=times)


def test_merging_leaves_its_parts_as_they_were() -> None:
    part = sketch.of(REFERENCE, [{"hour": 1}], milliseconds=[5])
    before = json.dumps(part)
    sketch.merge([part, part])

    assert json.dumps(part) == before


def test_nothing_merges_to_nothing() -> None:
    assert sketch.merge([]) == {"reference": "", "n": 0, "columns": {}, "milliseconds": {}}


def test_sketches_of_two_champions_do_not_add_up() -> None:
    retrained = {"hour": {"kind": "number", "edges": [0.5], "shares": [0.5, 0.5, 0.0]}}
    old, new = sketch.of(REFERENCE, [{}] * 3), sketch.of(retrained, [{}] * 2)

    assert sketch.merge([new, old]) == old
    assert sketch.merge([new, old], reference=sketch.bins_of(retrained)) == new


def test_the_sketch_of_rows_is_the_profile_of_their_frame() -> None:
    chance = np.random.default_rng(1)
    trained = pd.DataFrame({"n": chance.normal(size=500), "c": pd.Categorical(chance.choice(list("abcd"), 500))})
    reference = json.loads(json.dumps(histograms.reference(trained, chance.random(500))))
    numbers = [None if x > 1.9 else x for x in chance.normal(0.5, 2, 300)]
    names = [None if name == "e" else str(name) for name in chance.choice(list("abe"), 300)]
    scores = chance.random(300)
    frame = pd.DataFrame({"n": pd.Series(numbers, dtype=float), "c": pd.Categorical(names, categories=list("abcd"))})
    rows = [{"n": n, "c": c, "score": s} for n, c, s in zip(numbers, names, scores.tolist(), strict=True)]

    assert sketch.of(reference, rows) == sketch.of_profile(histograms.profile(reference, frame, scores))


def test_events_are_counted_with_their_inputs_their_score_and_their_time() -> None:
    event = {"event_id": "0", "prediction": {"score": 0.7}, "inputs": {"hour": 1, "carrier": "AA"}, "milliseconds": 10}

    found = sketch.of_events(REFERENCE, [event, {**event, "milliseconds": None}])

    assert {name: column["counts"] for name, column in found["columns"].items()} == {
        "hour": [0, 0, 2, 0, 0],
        "carrier": [2, 0, 0, 0],
        "score": [0, 2, 0],
    }
    assert found["milliseconds"] == {"47": 1}


@given(st.lists(st.floats(0.01, 1e7), min_size=1, max_size=50), st.floats(0.01, 1))
def test_a_quantile_is_within_three_in_a_hundred(times: list[float], share: float) -> None:
    found = sketch.quantile(sketch.of(REFERENCE, [], milliseconds=times), share)

    exact = np.quantile(times, share, method="inverted_cdf")
    assert found == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize("strange", [None, math.nan, math.inf, -1, "12", []])
def test_a_strange_time_is_not_counted(strange: Any) -> None:
    found = sketch.of(REFERENCE, [{}], milliseconds=[strange])

    assert sketch.quantile(found, 0.5) is None


def test_quality_is_shares_of_what_was_seen() -> None:
    rows: list[dict[str, Any]] = [
        {"hour": 1, "carrier": "new"},
        {"hour": None, "carrier": "AA"},
        {"hour": 9, "carrier": None},
        {"hour": "x"},
    ]
    found = sketch.quality(sketch.of(REFERENCE, [{**row, "score": counting.MASKED} for row in rows]))

    assert found == {
        "hour": {"missing": 0.5, "unseen": 0.25, "outside": 0.25},
        "carrier": {"missing": 0.5, "unseen": 0.25, "outside": 0.0},
    }


def test_an_event_of_25_columns_costs_at_most_100_microseconds() -> None:
    chance = random.Random(1)
    reference: dict[str, Any] = {
        f"n{i}": {"kind": "number", "edges": [j / 10 for j in range(1, 10)], "minimum": 0.0, "maximum": 1.0}
        for i in range(20)
    }
    reference |= {f"c{i}": {"kind": "category", "categories": list("abcdefghijklmnopqrst")} for i in range(5)}
    plan = sketch.Plan(reference)
    inputs = [
        {name: chance.random() if name[0] == "n" else chance.choice("abcxyz") for name in reference} for _ in range(100)
    ]
    events = [{"prediction": {"score": 0.5}, "inputs": one, "milliseconds": 12.5} for one in inputs]
    costs = []
    for _ in range(20):
        began = time.thread_time()
        sketch.of_events(plan, events)
        costs.append((time.thread_time() - began) / len(events) * 1e6)

    print(f"{min(costs):.1f} microseconds per event of 25 columns")
    assert min(costs) <= 100
