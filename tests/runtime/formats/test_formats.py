"""Models of other libraries: saved in their own format, read back without pickle, served as they were saved."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnx
import pytest
import xgboost
from onnx import TensorProto, helper, numpy_helper

from config.errors import LineError
from config.training import Variant
from runtime import artefact, manifest, models
from runtime.formats import native, trained
from runtime.manifest import MODELS, NAME
from runtime.serving import scorer
from runtime.serving.service import Service
from tests.moto_server import Aws
from tests.runtime.modelled import world
from tests.runtime.serving.served import ENCODING, ROW, matrix, post

ROWS = matrix(400)
FRAME = ENCODING.framed(ROWS)
VALUES = np.nan_to_num(ROWS[:, 0]) / 1000 - (ROWS[:, 1] == 2)
LABELS = (VALUES < 0.5).astype(int)


def graph(
    *, weights: Any = None, external: str = "", domain: str = "", width: int = 3, kind: int = TensorProto.FLOAT
) -> onnx.ModelProto:
    """A linear model by hand: rows × weights through a sigmoid, missing values counting as 0."""
    tensor = numpy_helper.from_array(np.full((width, 1), 0.01, np.float32) if weights is None else weights, "weights")
    if external:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=external)
    nodes = [
        helper.make_node("IsNaN", ["rows"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "rows"], ["known"]),
        helper.make_node("MatMul", ["known", "weights"], ["sum"]),
        helper.make_node("Sigmoid", ["sum"], ["score"], domain=domain),
    ]
    made = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("rows", kind, [None, width])],
        [helper.make_tensor_value_info("score", kind, [None, 1])],
        [tensor, numpy_helper.from_array(np.zeros(1, np.float32), "zero")],
    )
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


MADE: dict[str, tuple[str, Callable[[], Any]]] = {
    "lightgbm classifier": (
        "lightgbm",
        lambda: lightgbm.LGBMClassifier(n_estimators=9, verbose=-1, n_jobs=1).fit(FRAME, LABELS),
    ),
    "lightgbm booster": (
        "lightgbm",
        lambda: lightgbm.train(
            {"objective": "binary", "verbose": -1, "num_threads": 1}, lightgbm.Dataset(FRAME, LABELS), 9
        ),
    ),
    "xgboost classifier": (
        "xgboost",
        lambda: xgboost.XGBClassifier(n_estimators=9, enable_categorical=True, n_jobs=1).fit(FRAME, LABELS),
    ),
    "xgboost booster": (
        "xgboost",
        lambda: xgboost.train(
            {"objective": "binary:logistic", "nthread": 1},
            xgboost.DMatrix(FRAME, LABELS, enable_categorical=True),
            num_boost_round=9,
        ),
    ),
    "onnx model": ("onnx", graph),
    "onnx bytes": ("onnx", lambda: graph().SerializeToString()),
}


def sealed(model: Any, **changes: Any) -> dict[str, bytes]:
    """Return the files of an artefact with the model, and a manifest that agrees with them."""
    return _sealed(artefact.packed(model, ENCODING, {}, "here"), artefact.format_of(model), **changes)


def _sealed(files: dict[str, bytes], format_: Any, **changes: Any) -> dict[str, bytes]:
    digests = {name: manifest.digest(body) for name, body in files.items()}
    made = manifest.Manifest("line", "run", "v", digests, {}, {}, {}, {}, tuple(ENCODING.names), format=format_)
    return {**files, NAME: replace(made, **changes).encoded()}


def forged(format_: Any, body: bytes) -> dict[str, bytes]:
    """Return an artefact whose model's file holds anything at all, under a manifest that agrees with it."""
    return _sealed({MODELS[format_]: body, "encoding.json": ENCODING.encoded(), "reference.json": b"{}"}, format_)


def refusal(files: dict[str, bytes]) -> str:
    with pytest.raises(LineError) as error:
        artefact.verified(files, "there")
    return str(error.value)


@pytest.mark.parametrize("name", MADE)
def test_a_model_is_read_back_and_served_as_it_was_saved(name: str) -> None:
    format_, make = MADE[name]
    taken = trained.taken(make(), FRAME, "here", "binary")

    files = sealed(taken)
    loaded = artefact.verified(files, "there")
    scores = models.scores(loaded.model, FRAME, "binary")
    served = json.loads(post(Service(loaded, 3), {"instances": [ROW, {**ROW, "carrier": "AA"}]}).body)

    assert sorted(files) == sorted([MODELS[format_], "encoding.json", NAME, "reference.json"])  # type: ignore[index]
    assert loaded.manifest.format == format_
    np.testing.assert_array_equal(scores, models.checked(taken, FRAME, "here", "binary"))
    alone = np.array([scorer.of(loaded)(ROWS[i : i + 1])[0] for i in range(60)])
    np.testing.assert_array_equal(alone, scores[:60])
    assert served["model_version"] == 3
    assert len(served["predictions"]) == 2


@pytest.mark.parametrize(
    ("format_", "model"),
    [
        ("lightgbm", lightgbm.LGBMRegressor(n_estimators=9, verbose=-1, n_jobs=1)),
        ("xgboost", xgboost.XGBRegressor(n_estimators=9, enable_categorical=True, n_jobs=1)),
    ],
)
def test_a_regressor_gives_its_estimates(format_: str, model: Any) -> None:
    loaded = artefact.verified(sealed(trained.taken(model.fit(FRAME, VALUES), FRAME, "here", "regression")), "there")

    assert loaded.manifest.format == format_
    np.testing.assert_allclose(loaded.model.predict(FRAME), model.predict(FRAME), rtol=1e-6, atol=1e-6)


def test_rounds_after_the_best_are_left_out() -> None:
    model = xgboost.XGBRegressor(n_estimators=40, early_stopping_rounds=2, enable_categorical=True, n_jobs=1)
    model.fit(FRAME, VALUES, eval_set=[(FRAME[:40], -VALUES[:40])], verbose=False)

    loaded = artefact.verified(sealed(trained.taken(model, FRAME, "here", "regression")), "there")

    np.testing.assert_allclose(loaded.model.predict(FRAME), model.predict(FRAME), rtol=1e-6)


def taking(model: Any) -> str:
    with pytest.raises(LineError) as error:
        trained.taken(model, FRAME, "here", "binary")
    return str(error.value)


def test_a_model_of_other_codes_than_the_datasets_is_refused_when_it_is_trained() -> None:
    reversed_ = FRAME.assign(carrier=FRAME["carrier"].cat.set_categories(FRAME["carrier"].cat.categories[::-1]))
    model = lightgbm.LGBMClassifier(n_estimators=9, verbose=-1, n_jobs=1).fit(reversed_, LABELS)

    assert taking(model).startswith("here: the saved model answers unlike the trained one, by up to ")


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (lightgbm.LGBMClassifier(), "here: the model cannot be saved: NotFittedError: "),
        (xgboost.XGBClassifier(), "here: the model cannot be saved: NotFittedError: "),
        (
            lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1).fit(FRAME, np.arange(400) % 3),
            "here: it answers with 3 numbers a row, expected 1: train a binary objective",
        ),
        (
            lightgbm.LGBMRegressor(n_estimators=2, verbose=-1, n_jobs=1).fit(FRAME, 9 * VALUES),
            "here: the model's answers are no probabilities: train it with a binary objective",
        ),
        (b"a sentence", "here: it is not an ONNX model: train again"),
        (pickle.dumps({"a": 1}), "here: it is not an ONNX model: train again"),
        (graph(external="/etc/hostname"), "here: tensor 'weights' lies in another file, expected all in one: save it"),
        (graph(domain="com.evil"), "here: operator com.evil.Sigmoid is not standard: expected ONNX's own"),
        (graph(width=2), "here: it takes 2 columns, expected the dataset's 3: fit it on dataset.train"),
        (graph(weights=np.zeros((3, 3), np.float32)), "here: it answers with 3 numbers a row, expected one, or two"),
    ],
)
def test_what_could_not_be_served_is_refused_when_it_is_trained(model: Any, told: str) -> None:
    assert taking(model).startswith(told)


@pytest.mark.parametrize(
    ("format_", "told"),
    [
        ("skops", "model.skops is not a skops file ("),
        ("lightgbm", "model.txt is refused: it is not a LightGBM text file: train again"),
        ("xgboost", "model.json is refused: it is not an XGBoost JSON document: train again"),
        ("onnx", "model.onnx is refused: it is not an ONNX model: train again"),
    ],
)
@pytest.mark.parametrize(
    "body", [pickle.dumps(partial(os.system, "true")), b"", b"\0" * 100], ids=["pickle", "empty", "zeros"]
)
def test_what_is_not_of_the_format_is_refused_even_if_the_manifest_agrees(format_: str, told: str, body: bytes) -> None:
    assert refusal(forged(format_, body)).startswith(f"model artefact there: {told}")


@pytest.mark.parametrize(
    ("format_", "body", "told"),
    [
        ("lightgbm", b"tree\nversion=v4\n\nend of trees\n", "model.txt is refused: LightGBM refuses it: "),
        (
            "xgboost",
            b'{"learner": {"gradient_booster": {"name": "gbtree"}}}',
            "model.json is refused: XGBoost refuses it",
        ),
        (
            "onnx",
            graph(external="../../etc/hostname").SerializeToString(),
            "model.onnx is refused: tensor 'weights' lies",
        ),
        ("onnx", graph(kind=TensorProto.INT64).SerializeToString(), "model.onnx is refused: ONNX Runtime refuses it: "),
    ],
)
def test_what_only_looks_like_its_format_is_refused(format_: str, body: bytes, told: str) -> None:
    assert refusal(forged(format_, body)).startswith(f"model artefact there: {told}")


def test_a_tensor_of_another_file_is_found_in_a_subgraph() -> None:
    inner = graph(external="secret").graph
    model = graph()
    model.graph.node.append(helper.make_node("If", ["rows"], ["any"], then_branch=inner, else_branch=inner))

    assert refusal(forged("onnx", model.SerializeToString())).startswith(
        "model artefact there: model.onnx is refused: tensor 'weights' lies in another file"
    )


def test_a_file_of_another_format_than_the_manifests_does_not_belong() -> None:
    taken = trained.taken(graph(), FRAME, "here", "binary")

    assert refusal(sealed(taken, format="lightgbm")) == (
        "model artefact there: model.txt is missing, expected encoding.json, manifest.json, model.txt, reference.json: "
        "train again"
    )


@pytest.mark.parametrize("name", ["lightgbm booster", "xgboost booster", "onnx model"])
def test_a_file_that_was_changed_is_refused(name: str) -> None:
    format_, make = MADE[name]
    files = sealed(trained.taken(make(), FRAME, "here", "binary"))
    file = MODELS[format_]  # type: ignore[index]
    digest = manifest.digest(files[file])

    assert refusal({**files, file: files[file] + b" "}) == (
        f"model artefact there: {file} is not the file that was saved, expected SHA-256 {digest[:12]}…: "
        "it was changed after training; train again"
    )


def test_a_format_that_nobody_knows_is_no_manifest() -> None:
    assert refusal(sealed(trained.taken(graph(), FRAME, "here", "binary"), format="pickle")).startswith(
        "model artefact there: manifest.json is not a manifest"
    )


def test_a_library_that_is_not_installed_is_named_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    files = sealed(trained.taken(graph(), FRAME, "here", "binary"))
    monkeypatch.setitem(native.NEEDS, "onnx", ("no_such_library",))

    assert refusal(files) == (
        "model artefact there: model.onnx is refused: a model of the format onnx needs the package no_such_library, "
        "which is not installed: add onnx to libraries in the environment's file and deploy, here: uv sync --group onnx"
    )


def test_a_lines_own_training_may_return_one(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    train = """
from lightgbm import LGBMClassifier


def train(dataset, parameters):
    return LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(dataset.train, dataset.train_labels)
"""
    line = world(aws, tmp_path, train=train)
    location, digest = line.saved(Variant(name="small"))

    loaded = artefact.load(line.s3, location, digest)

    assert loaded.manifest.format == "lightgbm"
    assert loaded.manifest.metrics["roc_auc"] > 0.6
    assert set(loaded.reference) == {"carrier", "distance", "weather__wind", "score"}
