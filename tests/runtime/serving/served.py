"""A small model as the server holds it, without artefact store or process."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from runtime.artefact import Artefact
from runtime.encoding import Column, Encoding
from runtime.manifest import Manifest
from runtime.serving.service import Answer, Request, Service

ENCODING = Encoding(
    columns=(
        Column("distance", "number", "request"),
        Column("carrier", "category", "request", ("AA", "DL", "UA", "true", "7")),
        Column("weather__wind", "number", "weather"),
    ),
    ignored=("colour",),
)
ROW: dict[str, Any] = {"distance": 300, "carrier": "UA", "weather__wind": 30.5}


def artefact(model: Any, encoding: Encoding = ENCODING, **manifest: Any) -> Artefact:
    sealed = Manifest("line", "run", "variant", {}, {}, {}, {}, {}, tuple(encoding.names), **manifest)
    return Artefact(model=model, encoding=encoding, reference={}, manifest=sealed)


def matrix(n: int = 300, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    rows = np.column_stack([random.uniform(100, 2000, n), random.integers(0, 5, n), random.uniform(0, 40, n)])
    rows[random.uniform(size=rows.shape) < 0.1] = np.nan
    return rows


def classifier() -> HistGradientBoostingClassifier:
    rows = matrix()
    labels = np.nan_to_num(rows[:, 0]) / 1000 + (rows[:, 1] == 2) < 1
    model = HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype")
    return model.fit(ENCODING.framed(rows), labels.astype(int))


def post(service: Service, body: object, content_type: str = "application/json", accept: str = "") -> Answer:
    given = body if isinstance(body, bytes) else json.dumps(body).encode()
    return service.answer(Request("POST", "/invocations", content_type, accept, given))
