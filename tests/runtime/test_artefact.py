import gzip
import io
import json
import os
import pickle
import tarfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pytest
import skops.io
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import GammaRegressor, LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from config.errors import LineError
from runtime import artefact, manifest, models
from runtime.manifest import MODELS, NAME
from tests.moto_server import Aws
from tests.runtime.modelled import World, rows, world

ALL = ["encoding.json", "manifest.json", "model.skops", "reference.json"]
Saved = tuple[World, dict[str, bytes]]


@pytest.fixture(scope="module")
def saved(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """A line with a saved variant, and the variant's files."""
    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root)
        line = world(aws, root)
        location, _ = line.saved()
    return line, {name: _get(line, location.key(name)) for name in ALL}


def _get(line: World, key: str) -> bytes:
    body: bytes = line.s3.get_object(Bucket=line.models, Key=key)["Body"].read()
    return body


def refusal(files: dict[str, bytes], sha256: str | None = None) -> str:
    with pytest.raises(LineError) as error:
        artefact.verified(files, "s3://models/x/", sha256)
    return str(error.value)


def resealed(files: dict[str, bytes], model: bytes) -> dict[str, bytes]:
    """Return the files with another model and a manifest that agrees with it."""
    sealed = manifest.parse(files[NAME], "here")
    agreeing = replace(sealed, files={**sealed.files, MODELS["skops"]: manifest.digest(model)})
    return {**files, MODELS["skops"]: model, NAME: agreeing.encoded()}


def test_a_model_predicts_the_same_after_loading(saved: Saved) -> None:
    line, files = saved
    examples = rows(50, seed=9)
    first = artefact.load(line.s3, line.location("small"))
    second = artefact.verified(files, "here")

    scores = models.scores(first.model, first.encoding.frame(examples), "binary")

    assert scores.shape == (50,)
    np.testing.assert_array_equal(scores, models.scores(second.model, second.encoding.frame(examples), "binary"))


@pytest.mark.parametrize("name", ["encoding.json", "model.skops", "reference.json"])
def test_a_file_that_was_changed_is_refused(saved: Saved, name: str) -> None:
    files = dict(saved[1])
    digest = manifest.digest(files[name])
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])

    assert refusal(files) == (
        f"model artefact s3://models/x/: {name} is not the file that was saved, expected SHA-256 {digest[:12]}…: "
        "it was changed after training; train again"
    )


def test_a_manifest_that_is_not_the_registered_one_is_refused(saved: Saved) -> None:
    files = saved[1]
    agreed = manifest.digest(files[NAME])

    artefact.verified(files, "here", agreed)
    assert refusal(resealed(files, b"other"), agreed).startswith(
        "model artefact s3://models/x/: manifest.json is not the file that was saved"
    )


def test_a_manifest_that_is_none_is_refused(saved: Saved) -> None:
    assert refusal({**saved[1], NAME: b"{}"}).startswith(
        "model artefact s3://models/x/: manifest.json is not a manifest, expected a JSON object of line, run, variant"
    )


@pytest.mark.parametrize("name", ALL)
def test_a_missing_file_is_named(saved: Saved, name: str) -> None:
    files = {known: body for known, body in saved[1].items() if known != name}

    assert refusal(files) == (
        f"model artefact s3://models/x/: {name} is missing, expected {', '.join(ALL)}: train again"
    )


def test_a_file_that_does_not_belong_is_refused(saved: Saved) -> None:
    assert refusal({**saved[1], "model.pkl": b""}) == (
        f"model artefact s3://models/x/: 'model.pkl' does not belong to it, expected only {', '.join(ALL)}: train again"
    )


def test_a_pickle_is_refused_even_if_the_manifest_agrees(saved: Saved) -> None:
    assert refusal(resealed(saved[1], pickle.dumps({"a": 1}))) == (
        "model artefact s3://models/x/: model.skops is not a skops file (BadZipFile): train again"
    )


@pytest.mark.parametrize(
    ("model", "told"), [(partial(os.system, "true"), "posix.system"), (Path("x"), "pathlib.PosixPath")]
)
def test_a_type_that_nobody_trusts_is_refused_even_if_the_manifest_agrees(
    saved: Saved, model: object, told: str
) -> None:
    assert refusal(resealed(saved[1], skops.io.dumps({"model": model}))) == (
        "model artefact s3://models/x/: model.skops is refused: "
        f"it holds {told}, which is not on the list of trusted types: train again"
    )


def test_the_manifest_is_written_last(saved: Saved, aws: Aws) -> None:
    line, files = saved
    s3, keys = aws.client("s3"), []
    s3.meta.events.register("before-parameter-build.s3.PutObject", lambda params, **_: keys.append(params["Key"]))
    location = manifest.Location(bucket=line.models, prefix="elsewhere/")

    unsealed = {name: body for name, body in files.items() if name != NAME}
    artefact.save(s3, location, unsealed, manifest.parse(files[NAME], "here"))

    assert keys[0] == "elsewhere.tar.gz"
    assert keys[-1] == "elsewhere/manifest.json"


def test_the_archive_is_the_folder_and_the_same_bytes_each_time(saved: Saved, tmp_path: Path) -> None:
    line, files = saved
    body = _get(line, line.location("small").archive)

    with tarfile.open(fileobj=io.BytesIO(body)) as packed:
        for entry in packed:
            (tmp_path / entry.name).write_bytes(cast(IO[bytes], packed.extractfile(entry)).read())

    assert sorted(path.name for path in tmp_path.iterdir()) == ALL
    assert artefact.read_folder(tmp_path).manifest.variant == "small"
    assert gzip.decompress(artefact.archive(files)) == gzip.decompress(body)
    assert artefact.archive(files) == body


def test_a_folder_with_a_stray_file_is_refused(saved: Saved, tmp_path: Path) -> None:
    for name, body in saved[1].items():
        (tmp_path / name).write_bytes(body)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "inference.py").write_text("")

    with pytest.raises(LineError, match=r"'code/inference\.py' does not belong to it"):
        artefact.read_folder(tmp_path)


def test_the_reference_has_shares_of_every_column_and_of_the_score(saved: Saved) -> None:
    reference = json.loads(saved[1]["reference.json"])

    assert list(reference) == ["carrier", "distance", "score", "weather__wind"]
    assert all(sum(histogram["shares"]) == pytest.approx(1) for histogram in reference.values())


@pytest.mark.parametrize(
    "model",
    [
        DummyRegressor(strategy="median"),
        HistGradientBoostingRegressor(max_iter=2, loss="quantile", quantile=0.9),
        RandomForestRegressor(n_estimators=2),
        TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
        make_pipeline(SimpleImputer(), StandardScaler(), GammaRegressor()),
        VotingRegressor([("line", LinearRegression()), ("steps", HistGradientBoostingRegressor(max_iter=2))]),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_regressor_of_scikit_learn_predicts_the_same_after_loading(saved: Saved, model: Any) -> None:
    random = np.random.default_rng(0)
    inputs = random.normal(size=(60, 2))
    fitted = model.fit(inputs, np.exp(inputs[:, 0]))
    line, files = saved
    encoding, reference = artefact.load(line.s3, line.location("small")).encoding, json.loads(files["reference.json"])

    packed = artefact.packed(fitted, encoding, reference, "here")

    loaded = artefact.verified(resealed(files, packed[MODELS["skops"]]), "here").model
    np.testing.assert_array_equal(loaded.predict(inputs), fitted.predict(inputs))


def test_a_manifest_from_before_there_were_tasks_is_that_of_a_binary_model(saved: Saved) -> None:
    older = {name: value for name, value in json.loads(saved[1][NAME]).items() if name != "task"}

    assert manifest.parse(json.dumps(older).encode(), "here").task == "binary"
