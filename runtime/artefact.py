"""A model artefact: a folder of model, encoding and reference, sealed by its manifest, which is written last.

No pickle: skops loads the types that it trusts and those listed here, and models of other libraries are in a format of
theirs that holds no code. A folder that is not exactly what its manifest says is refused, and so is a manifest that is
not the expected one.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import LineError
from runtime import encoding as encodings
from runtime import manifest as manifests
from runtime.encoding import Encoding
from runtime.formats import native
from runtime.formats.native import Native
from runtime.manifest import Location, Manifest

TRUSTED = (
    "functools.partial",  # skops audits what it is partial of
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils.validation.check_array",
)
"""Types beyond skops' own list that scikit-learn's estimators consist of."""
_BUILD = "build it from scikit-learn's own estimators, or return a model of LightGBM, XGBoost or ONNX"


@dataclass(frozen=True)
class Artefact:
    model: Any
    encoding: Encoding
    reference: Mapping[str, Any]
    """Bins and shares of what it was trained on, for drift."""
    manifest: Manifest


def packed(model: Any, encoding: Encoding, reference: Mapping[str, Any], where: str) -> dict[str, bytes]:
    """Return an artefact's files without the manifest; raises LineError for a model that would not be loaded again."""
    return {
        manifests.MODELS[format_of(model)]: model.body if isinstance(model, Native) else _skops(model, where),
        manifests.ENCODING: encoding.encoded(),
        manifests.REFERENCE: json.dumps(reference, sort_keys=True).encode(),
    }


def format_of(model: Any) -> manifests.Format:
    return model.format if isinstance(model, Native) else "skops"


def _skops(model: Any, where: str) -> bytes:
    import skops.io  # with all of scikit-learn, which a server of another library's model has no use for

    try:
        body: bytes = skops.io.dumps(model)
        strange = sorted(set(skops.io.get_untrusted_types(data=body)) - set(TRUSTED))
    except Exception as error:  # noqa: BLE001 (the model is the user's)
        raise LineError(
            f"{where}: the model cannot be saved: {type(error).__name__}: {' '.join(str(error).split())}: {_BUILD}"
        ) from None
    if strange:
        raise LineError(f"{where}: {_strange(strange)}: {_BUILD}")
    return body


def save(s3: Any, location: Location, files: Mapping[str, bytes], manifest: Manifest) -> str:
    """Write the archive, the files and, last, the manifest, whose SHA-256 is returned."""
    sealed = manifest.encoded()
    s3.put_object(Bucket=location.bucket, Key=location.archive, Body=archive({**files, manifests.NAME: sealed}))
    for name, body in files.items():
        s3.put_object(Bucket=location.bucket, Key=location.key(name), Body=body)
    s3.put_object(Bucket=location.bucket, Key=location.key(manifests.NAME), Body=sealed)
    return manifests.digest(sealed)


def load(s3: Any, location: Location, manifest_sha256: str | None = None) -> Artefact:
    """Return an artefact from S3, verified."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=location.bucket, Prefix=location.prefix)
    names = [item["Key"].removeprefix(location.prefix) for page in pages for item in page.get("Contents", [])]
    _check_names(names, location.uri)
    files = {
        name: s3.get_object(Bucket=location.bucket, Key=location.key(name))["Body"].read() for name in sorted(names)
    }
    return verified(files, location.uri, manifest_sha256)


def read_folder(folder: Path, manifest_sha256: str | None = None) -> Artefact:
    """Return an artefact from a local folder, verified."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    _check_names(paths, str(folder))
    return verified({name: path.read_bytes() for name, path in paths.items()}, str(folder), manifest_sha256)


def verified(files: Mapping[str, bytes], where: str, manifest_sha256: str | None = None) -> Artefact:
    """Return the artefact that the files hold; raises LineError unless they are exactly what the manifest says."""
    _check_names(files, where)
    if manifest_sha256 is not None and manifests.digest(files[manifests.NAME]) != manifest_sha256:
        raise _tampered(where, manifests.NAME, manifest_sha256)
    manifest = manifests.parse(files[manifests.NAME], where)
    _check_names(files, where, manifest.format)
    for name in manifest.names:
        if manifests.digest(files[name]) != manifest.files.get(name):
            raise _tampered(where, name, str(manifest.files.get(name)))
    encoding, body = encodings.decode(files[manifests.ENCODING]), files[manifest.model]
    if manifest.format == "skops":
        model = _unpacked(body, where)
    else:
        model = native.read(
            manifest.format, body, len(encoding.columns), f"model artefact {where}: {manifest.model} is refused"
        )
    return Artefact(
        model=model,
        encoding=encoding,
        reference=json.loads(files[manifests.REFERENCE]),
        manifest=manifest,
    )


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a tar.gz of the files whose bytes depend on nothing else."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as packing:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            entry.mode = 0o644
            packing.addfile(entry, io.BytesIO(files[name]))
    return gzip.compress(tar.getvalue(), mtime=0)


def _unpacked(body: bytes, where: str) -> Any:
    import skops.io

    name = manifests.MODELS["skops"]
    try:
        strange = sorted(set(skops.io.get_untrusted_types(data=body)) - set(TRUSTED))
        if not strange:
            return skops.io.loads(body, trusted=list(TRUSTED))
    except Exception as error:  # noqa: BLE001 (a file from outside: whatever is wrong with it, it is refused)
        raise LineError(
            f"model artefact {where}: {name} is not a skops file ({type(error).__name__}): train again"
        ) from None
    raise LineError(f"model artefact {where}: {name} is refused: {_strange(strange)}: train again")


def _check_names(names: Mapping[str, Any] | list[str], where: str, format_: manifests.Format | None = None) -> None:
    """Raise LineError unless these are an artefact's files; before the manifest is read, any format's."""
    found: manifests.Format = next((known for known, name in manifests.MODELS.items() if name in names), "skops")
    expected = {manifests.MODELS[format_ or found], manifests.ENCODING, manifests.REFERENCE, manifests.NAME}
    if missing := sorted(expected - set(names)):
        first = manifests.NAME if manifests.NAME in missing else missing[0]
        raise LineError(
            f"model artefact {where}: {first} is missing, expected {', '.join(sorted(expected))}: train again"
        )
    if extra := sorted(set(names) - expected):
        raise LineError(
            f"model artefact {where}: {extra[0]!r} does not belong to it, expected only {', '.join(sorted(expected))}: "
            "train again"
        )


def _strange(types: list[str]) -> str:
    return f"it holds {', '.join(types[:3])}, which is not on the list of trusted types"


def _tampered(where: str, name: str, expected: str) -> LineError:
    return LineError(
        f"model artefact {where}: {name} is not the file that was saved, expected SHA-256 {expected[:12]}…: "
        "it was changed after training; train again"
    )
