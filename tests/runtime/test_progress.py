from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import LineError
from runtime.progress import LONGEST, MOST, Curve, Curves


@given(n=st.integers(1, 6000))
def test_a_curve_keeps_its_shape_in_few_points(n: int) -> None:
    curve = Curve()
    for step in range(n):
        curve.add(step, step * 2.0)
    points = curve.thinned()
    steps = [step for step, _ in points]
    assert len(points) <= LONGEST
    assert len(points) >= min(n, LONGEST // 2)
    assert (steps[0], steps[-1]) == (0, n - 1)
    assert steps == sorted(set(steps))
    assert all(value == 2 * step for step, value in points)
    gaps = {after - before for before, after in pairwise(steps[:-1])}
    assert len(gaps) <= 1


def test_numpys_numbers_are_numbers() -> None:
    curves = Curves()
    curves.log(np.int64(1), {"loss": np.float32(0.25)})
    assert curves.steps() == {"loss": {"steps": [1.0], "values": [0.25]}}


@pytest.mark.parametrize(
    ("step", "figures", "message"),
    [
        (1, {"loss": "low"}, "loss is 'low' at step 1, expected a number: log a number"),
        (
            2,
            {"loss": float("-inf")},
            "loss is -inf at step 2, expected a finite number: lower the learning rate or look at the training data",
        ),
        (None, {"loss": 1.0}, "step is None, expected a number: log a number"),
        (
            0,
            {f"loss{i}": 1.0 for i in range(MOST + 1)},
            f"loss{MOST} would be curve number {MOST + 1}, expected at most {MOST}: log fewer",
        ),
    ],
)
def test_what_is_no_figure_is_refused_and_remembered(step: Any, figures: dict[str, Any], message: str) -> None:
    curves = Curves()
    with pytest.raises(LineError) as error:
        curves.log(step, figures)
    assert str(error.value) == str(curves.refused) == message
