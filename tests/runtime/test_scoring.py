from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression

from config.errors import LineError
from runtime import scoring
from runtime.artefact import Artefact
from runtime.encoding import Column, Encoding
from runtime.manifest import Manifest


def estimates(*distances: float, factor: float, personal: tuple[str, ...] = ()) -> list[float]:
    """Score flights with a model that estimates a multiple of their distance."""
    model = LinearRegression().fit(pd.DataFrame({"distance": [0.0, 1.0]}), [0.0, 1.0])
    model.coef_, model.intercept_ = np.array([factor]), 0.0
    encoding = Encoding(columns=(Column("distance", "number", "request"),))
    manifest = Manifest("flights", "run-1", "only", {}, {}, {}, {}, {}, ("distance",), task="regression")
    moment = dt.datetime(2013, 8, 15, tzinfo=dt.UTC)
    examples = {
        "id": [f"f{i}" for i in range(len(distances))],
        "at": pa.array([moment] * len(distances), pa.timestamp("us", "UTC")),
        "distance": distances,
    }
    scored = scoring.score(
        pa.table(examples),
        model=Artefact(model, encoding, {}, manifest),
        version=1,
        line="flights",
        run="run-2",
        id_column="id",
        event_time="at",
        score_date=moment.date(),
        at=moment,
        personal=personal,
    )
    found: list[float] = scored.rows["score"].to_pylist()
    return found


def test_a_regression_says_values() -> None:
    assert estimates(100.0, -3.0, factor=2.5) == [250.0, -7.5]


def test_a_value_too_small_to_be_carried_is_nothing() -> None:
    assert estimates(1.0, 1e150, factor=1e-140) == [0.0, 1e10]


def test_a_value_that_nothing_could_carry_is_refused_with_its_row() -> None:
    with pytest.raises(LineError) as error:
        estimates(1.0, 1e20, 1e30, factor=1e120)
    assert str(error.value) == (
        "scoring: the model estimates 1e+140 for 'f1' (2 of 3 rows are like this), "
        "expected a finite number up to 1e+125: look at the row and at lines/flights/train.py"
    )


def test_a_personal_id_is_named_by_its_row() -> None:
    with pytest.raises(LineError, match=r"estimates 1e\+140 for row 2 \(2 of 3"):
        estimates(1.0, 1e20, 1e30, factor=1e120, personal=("ID",))
