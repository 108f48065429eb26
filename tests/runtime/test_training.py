import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from config.errors import LineError
from config.metrics import Task
from config.training import Variant
from runtime import training
from tests.moto_server import Aws
from tests.runtime.modelled import REGRESSION, TRAIN, World, world


@pytest.fixture(autouse=True)
def _on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)


@pytest.fixture
def line(aws: Aws, tmp_path: Path) -> World:
    return world(aws, tmp_path)


def test_train_gets_frames_with_the_same_columns_and_categories(line: World) -> None:
    dataset, _ = training.prepared(
        line.splits, Variant(name="all"), where="here", parameters={"score_date": "2013-08-15"}
    )

    assert list(dataset.train.columns) == list(dataset.validation.columns) == ["carrier", "distance", "weather__wind"]
    assert dataset.categorical == ["carrier"]
    assert dataset.train["carrier"].dtype == dataset.validation["carrier"].dtype
    assert isinstance(dataset.train["carrier"].dtype, pd.CategoricalDtype)
    assert set(dataset.train_labels) == {0, 1}
    assert dataset.train["weather__wind"].isna().any()
    assert dataset.parameters == {"score_date": "2013-08-15"}


def test_a_candidate_says_where_it_comes_from_and_how_good_it_is(line: World) -> None:
    manifest = line.candidate(parameters={"score_date": "2013-08-15"}).manifest

    assert (manifest.line, manifest.run, manifest.variant) == (line.paths.line, "run-1", "small")
    assert manifest.dataset == {"snapshots": {"flights": 1}, "fingerprint": "abc"}
    assert manifest.parameters == {"score_date": "2013-08-15", "max_iter": 5}
    assert manifest.code["bundle"] == line.bundle.fingerprint
    assert 0.6 < manifest.metrics["roc_auc"] < 0.95
    assert set(manifest.metrics) == {"roc_auc", "average_precision", "log_loss", "brier"}


def test_a_variant_sees_only_its_columns(line: World) -> None:
    made = line.candidate(Variant(name="less", columns=["distance"], parameters={"max_iter": 5}))

    assert made.manifest.columns == ("distance",)


def test_a_column_that_the_dataset_lacks_is_named_with_the_allowed_ones(line: World) -> None:
    with pytest.raises(LineError) as error:
        line.candidate(Variant(name="less", columns=["colour"]))

    assert str(error.value) == (
        f"lines/{line.paths.line}/line.yaml: training: variant 'less': columns: 'colour' is not a column "
        "of the dataset, expected some of carrier, distance, weather__wind"
    )


def message(aws: Aws, root: Path, train: str, task: Task = "binary") -> str:
    """Train with this code; return the message without the line's name, which differs each time."""
    line = world(aws, root, train=train, task=task)
    with pytest.raises(LineError) as error:
        line.candidate()
    return str(error.value).replace(line.paths.line, "LINE")


def test_code_that_raises_is_told_with_its_line(aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = (
        "def deeper():\n    raise ValueError('no rows\\nat all')\n\n\ndef train(dataset, parameters):\n    deeper()\n"
    )

    assert message(aws, tmp_path, code) == (
        "lines/LINE/train.py:2: ValueError: no rows at all: correct the training code"
    )
    assert "Traceback" in capsys.readouterr().err  # for the job's log


def test_an_error_inside_a_library_is_told_with_the_line_that_called_it(aws: Aws, tmp_path: Path) -> None:
    code = "import json\n\n\ndef train(dataset, parameters):\n    json.loads('{')\n"

    assert message(aws, tmp_path, code).startswith("lines/LINE/train.py:5: JSONDecodeError: Expecting property name")


def test_code_that_exits_is_told_like_code_that_raises(aws: Aws, tmp_path: Path) -> None:
    code = "import sys\n\n\ndef train(dataset, parameters):\n    sys.exit(0)\n"

    assert message(aws, tmp_path, code) == "lines/LINE/train.py:5: SystemExit: 0: correct the training code"


def test_a_syntax_error_is_told_with_its_line(aws: Aws, tmp_path: Path) -> None:
    assert message(aws, tmp_path, "def train(:\n") == "lines/LINE/train.py:1: invalid syntax: correct it"


def test_a_module_that_cannot_be_imported_is_told_with_its_line(aws: Aws, tmp_path: Path) -> None:
    assert message(aws, tmp_path, "\nimport no_such_library\n") == (
        "lines/LINE/train.py:2: ModuleNotFoundError: No module named 'no_such_library': correct the import code"
    )


EXPECTED = "expected a fitted classifier with predict_proba over the labels 0 and 1: return the model"


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ("None", "train returned None"),
        ("{'a': 1}", "train returned a dict"),
        ("LogisticRegression()", "the model cannot predict: NotFittedError: This LogisticRegression instance"),
        (
            "DummyClassifier().fit(dataset.train, dataset.train_labels + 1)",
            "the model answers with the shape (300, 2) for 300 rows",
        ),
    ],
)
def test_what_is_no_model_is_refused(aws: Aws, tmp_path: Path, returned: str, told: str) -> None:
    code = f"""
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression


def train(dataset, parameters):
    return {returned}
"""
    said = message(aws, tmp_path, code)

    assert said.startswith(f"lines/LINE/train.py: {told}")
    assert said.endswith(EXPECTED)


def test_a_line_without_the_function_is_told_to_add_it(aws: Aws, tmp_path: Path) -> None:
    assert message(aws, tmp_path, "def fit():\n    pass\n") == (
        "lines/LINE/train.py: there is no function train, expected train(dataset, parameters): add it"
    )


def test_a_model_of_the_lines_own_class_would_not_be_loaded_and_is_refused(aws: Aws, tmp_path: Path) -> None:
    code = TRAIN.replace("def train", "class Mine(HistGradientBoostingClassifier):\n    pass\n\n\ndef train").replace(
        "model = Hist", "model = Mine(**parameters)\n    Hist"
    )

    assert message(aws, tmp_path, code) == (
        "lines/LINE/train.py: it holds lines.LINE.train.Mine, which is not on the list of trusted types: "
        "build it from scikit-learn's own estimators, or return a model of LightGBM, XGBoost or ONNX"
    )


def test_rows_with_one_label_only_cannot_be_measured(aws: Aws, tmp_path: Path) -> None:
    line = world(aws, tmp_path)
    table = line.splits.rows("validation")
    line.put("validation", table.set_column(2, "label", pa.array([0] * table.num_rows, pa.int8())))

    with pytest.raises(LineError) as error:
        line.candidate()

    assert str(error.value) == (
        "training: the validation rows hold only the label 0, expected both labels: "
        "correct the dates under dataset.split or the spine's label"
    )


def test_a_regression_estimates_values(aws: Aws, tmp_path: Path) -> None:
    line = world(aws, tmp_path, train=REGRESSION, task="regression")

    manifest = line.candidate(Variant(name="small")).manifest

    assert manifest.task == "regression"
    assert set(manifest.metrics) == {"mae", "rmse", "median_ae", "r2"}
    assert manifest.metrics["r2"] > 0.7


def test_the_reference_of_a_regression_has_the_values_own_bins(aws: Aws, tmp_path: Path) -> None:
    line = world(aws, tmp_path, train=REGRESSION, task="regression")

    score = json.loads(line.candidate(Variant(name="small")).files["reference.json"])["score"]

    assert (len(score["edges"]), score["edges"][0] < -10, score["edges"][-1] > 100) == (9, True, True)


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ("None", "train returned None"),
        ("DummyClassifier().fit(dataset.train, dataset.train_labels > 0)", "train returned a DummyClassifier"),
        ("LinearRegression()", "the model cannot predict: NotFittedError: "),
        (
            "DummyRegressor().fit(dataset.train, [[label, label] for label in dataset.train_labels])",
            "the model answers with the shape (300, 2) for 300 rows",
        ),
        (
            "(model := DummyRegressor().fit(dataset.train, dataset.train_labels), "
            "setattr(model, 'constant_', np.full((1, 1), np.inf)))[0]",
            "the model answers with values that are not finite numbers",
        ),
    ],
)
def test_what_is_no_regressor_is_refused(aws: Aws, tmp_path: Path, returned: str, told: str) -> None:
    code = f"""
import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression


def train(dataset, parameters):
    return {returned}
"""
    said = message(aws, tmp_path, code, "regression")

    assert said.startswith(f"lines/LINE/train.py: {told}")
    assert said.endswith("expected a fitted regressor whose predict gives one number a row: return the model")
