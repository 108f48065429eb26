"""Boosting gives scikit-learn's own answers, bit by bit, for whatever rows and models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

from runtime.encoding import Column, Encoding
from runtime.serving import boosting

ENCODING = Encoding(
    columns=(
        Column("distance", "number", "request"),
        Column("carrier", "category", "request", tuple("ABCDEFGH")),
        Column("wind", "number", "weather"),
        Column("zone", "category", "request", ("east", "never in training", "west")),
    )
)


def examples(n: int = 600) -> Any:
    """Rows in which every column matters, values are missing, and one category is never seen."""
    random = np.random.default_rng(3)
    rows = np.column_stack(
        [random.normal(size=n), random.integers(0, 8, n), random.normal(size=n), 2 * random.integers(0, 2, n)]
    ).astype(float)
    rows[random.uniform(size=rows.shape) < 0.15] = np.nan
    return rows


def fitted(kind: Any, **parameters: Any) -> Any:
    rows = examples()
    random = np.random.default_rng(4)
    known = np.nan_to_num(rows)
    value = known[:, 0] + (known[:, 1] % 3 == 1) * 2 - (known[:, 3] > 1) * known[:, 2] + random.normal(size=len(rows))
    labels = (value > 0).astype(int) if kind is HistGradientBoostingClassifier else np.exp(value / 2)
    return kind(categorical_features="from_dtype", early_stopping=False, **parameters).fit(
        ENCODING.framed(rows), labels
    )


MODELS = [
    fitted(HistGradientBoostingClassifier, max_iter=30),
    fitted(HistGradientBoostingClassifier, max_iter=1, max_leaf_nodes=2),
    fitted(HistGradientBoostingRegressor, max_iter=17),
    fitted(HistGradientBoostingRegressor, max_iter=9, loss="poisson"),
    fitted(HistGradientBoostingRegressor, max_iter=9, loss="gamma", min_samples_leaf=400),  # no tree has a split
    fitted(HistGradientBoostingRegressor, max_iter=5, loss="quantile", quantile=0.9),
]

numbers = st.one_of(st.just(np.nan), st.floats(-4, 4), st.floats(allow_nan=False, allow_infinity=False))
rows_of = st.lists(
    st.tuples(
        numbers, st.sampled_from([np.nan, *map(float, range(8))]), numbers, st.sampled_from([np.nan, 0.0, 1.0, 2.0])
    ),
    min_size=1,
    max_size=80,
)


def plain(model: Any, matrix: Any) -> Any:
    frame = ENCODING.framed(matrix)
    return model.predict_proba(frame)[:, 1] if hasattr(model, "classes_") else model.predict(frame)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{type(model).__name__}-{model.max_iter}")
@settings(max_examples=25, deadline=None)
@given(rows=rows_of)
def test_its_scores_are_the_models_own_bit_by_bit(model: Any, rows: list[tuple[float, ...]]) -> None:
    matrix = np.array(rows)
    fast = boosting.of(model, ENCODING)

    assert fast is not None
    np.testing.assert_array_equal(fast(matrix), plain(model, matrix))


def test_rows_for_which_threads_are_started_score_the_same() -> None:
    matrix = np.tile(examples(), (10, 1))
    fast = boosting.of(MODELS[0], ENCODING)

    assert fast is not None
    np.testing.assert_array_equal(fast(matrix), plain(MODELS[0], matrix))
    np.testing.assert_array_equal(fast(matrix[:1]), fast(matrix)[:1])


def test_a_model_without_categories_needs_no_encoder() -> None:
    encoding = Encoding(columns=ENCODING.columns[::2])
    rows = examples()[:, ::2]
    model = HistGradientBoostingRegressor(max_iter=5).fit(encoding.framed(rows), np.nan_to_num(rows[:, 0]))
    fast = boosting.of(model, encoding)

    assert fast is not None
    np.testing.assert_array_equal(fast(rows), model.predict(encoding.framed(rows)))


@pytest.mark.parametrize(
    "model",
    [
        GradientBoostingRegressor(n_estimators=2).fit([[1.0], [2.0]], [1.0, 2.0]),
        HistGradientBoostingRegressor(max_iter=2).fit(np.arange(40.0).reshape(-1, 2), np.arange(20.0)),  # no names
        HistGradientBoostingClassifier(max_iter=2).fit(np.arange(60.0).reshape(-1, 2), np.arange(30) % 3),
    ],
)
def test_any_other_model_takes_the_plain_path(model: Any) -> None:
    assert boosting.of(model, ENCODING) is None
