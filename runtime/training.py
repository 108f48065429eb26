"""Training: a line's ``train.py`` is called with the dataset, and what it returns becomes a candidate.

The only code here that a data scientist wrote runs inside ``call``: whatever it does becomes one line that names the
place in ``train.py``.
"""

from __future__ import annotations

import importlib
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from config.bundle import Bundle
from config.errors import LineError
from config.training import Variant
from runtime import artefact, histograms, manifest, models, quality
from runtime import encoding as encodings
from runtime.checkpoints import Checkpoints
from runtime.encoding import Encoding
from runtime.formats import trained
from runtime.manifest import Manifest
from runtime.progress import Curves
from runtime.splits import Splits

Train = Callable[..., Any]


@dataclass(frozen=True)
class Dataset:
    """What ``train`` gets: frames with the same columns, categories as pandas' category dtype, labels as numbers."""

    train: pd.DataFrame
    validation: pd.DataFrame
    train_labels: Any
    validation_labels: Any
    categorical: list[str]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The line's own; what ``train`` gets as its second argument are the variant's."""
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    """Its ``folder`` holds what an earlier try of this training last saved; ``save()`` saves it."""
    curves: Curves = field(default_factory=Curves)

    def log(self, *, step: float, **figures: float) -> None:
        """Tell how far the training is: figures at a step, which become the attempt's curves.

        Raises LineError for a figure that is not finite: that training leads nowhere.
        """
        self.curves.log(step, figures)


@dataclass(frozen=True)
class Candidate:
    """A trained variant: the files of its artefact and the manifest that seals them."""

    files: dict[str, bytes]
    manifest: Manifest
    fit_seconds: float
    """How long the line's own code took."""


def candidate(
    *,
    splits: Splits,
    bundle: Bundle,
    variant: Variant,
    parameters: Mapping[str, Any],
    root: Path,
    checkpoints: Checkpoints | None = None,
    curves: Curves | None = None,
    commit: str = "",
) -> Candidate:
    """Train a variant and measure it on the validation rows.

    ``parameters`` are the line's; ``root`` is the folder that holds ``lines``; ``curves`` takes what ``train`` tells,
    also when it fails.
    """
    line, task = bundle.definition.line, bundle.definition.dataset.task
    where = f"lines/{line}/train.py"
    place = f"lines/{line}/line.yaml: training: variant {variant.name!r}"
    dataset, encoding = prepared(splits, variant, where=place, parameters=parameters)
    dataset = replace(dataset, checkpoints=checkpoints or Checkpoints(), curves=curves or Curves())
    train, began = load(line, root), time.monotonic()
    model = call(train, line, dataset, variant.parameters)
    fit_seconds = time.monotonic() - began
    model = trained.taken(model, dataset.validation, where, task)
    scores = models.checked(model, dataset.validation, where, task)
    metrics = quality.measure(dataset.validation_labels, scores, task, subject="training: the validation rows")
    files = artefact.packed(model, encoding, histograms.reference(dataset.train, scores), where)
    return Candidate(
        files=files,
        manifest=Manifest(
            line=line,
            run=splits.paths.run,
            variant=variant.name,
            files={name: manifest.digest(body) for name, body in files.items()},
            dataset=data_of(splits),
            code=code_of(bundle, root, commit),
            parameters=parameters_of(variant, parameters),
            metrics=metrics,
            curves=dataset.curves.values(),
            columns=tuple(encoding.names),
            task=task,
            format=artefact.format_of(model),
        ),
        fit_seconds=round(fit_seconds, 3),
    )


def prepared(
    splits: Splits, variant: Variant, *, where: str, parameters: Mapping[str, Any]
) -> tuple[Dataset, Encoding]:
    """Return a variant's view of the dataset, and the encoding that its training rows fix."""
    rows = {"train": splits.rows("train"), "validation": splits.rows("validation")}
    try:
        encoding = encodings.fit(rows["train"], splits.columns, variant.columns)
    except LineError as error:
        raise LineError(f"{where}: {error}") from None
    dataset = Dataset(
        train=encoding.frame(rows["train"]),
        validation=encoding.frame(rows["validation"]),
        train_labels=splits.labels(rows["train"]),
        validation_labels=splits.labels(rows["validation"]),
        categorical=encoding.categorical,
        parameters=dict(parameters),
    )
    return dataset, encoding


def load(line: str, root: Path) -> Train:
    """Return the function ``train`` of a line; raises LineError when its module has none or cannot be imported."""
    where = f"lines/{line}/train.py"
    try:
        module = importlib.import_module(f"lines.{line}.train")
    except SyntaxError as error:
        raise LineError(f"{_place(error.filename, root) or where}:{error.lineno}: {error.msg}: correct it") from None
    except Exception as error:  # noqa: BLE001 (the user's module does what it likes)
        raise _raised(error, line, "import") from None
    found = getattr(module, "train", None)
    if not callable(found):
        raise LineError(f"{where}: there is no function train, expected train(dataset, parameters): add it")
    train: Train = found
    return train


def call(train: Train, line: str, dataset: Dataset, parameters: Mapping[str, Any]) -> Any:
    """Return what the line's code returns; raises LineError for whatever it raises, SystemExit included."""
    try:
        model = train(dataset, parameters)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (the user's code does what it likes)
        traceback.print_exc(file=sys.stderr)  # for the job's log; the message is for the receipt
        raise _raised(error, line, "training") from None
    if dataset.curves.refused is not None:  # train has gone on all the same
        raise LineError(f"lines/{line}/train.py: {dataset.curves.refused}")
    return model


def code_of(bundle: Bundle, root: Path, commit: str = "") -> dict[str, str]:
    """Return what says which code trains: fingerprints of the bundle and of train.py, and the commit if it is known."""
    train = (root / "lines" / bundle.definition.line / "train.py").read_bytes()
    found = {"bundle": bundle.fingerprint, "train": manifest.digest(train)}
    return {**found, "commit": commit} if commit else found


def data_of(splits: Splits) -> dict[str, Any]:
    """Return what says which data is trained on: the snapshot ids of its tables and its own fingerprint."""
    return {key: splits.manifest.get(key) for key in ("snapshots", "fingerprint")}


def parameters_of(variant: Variant, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the line's parameters and the variant's over them, as JSON can hold them."""
    return {name: _plain(value) for name, value in {**parameters, **variant.parameters}.items()}


def _raised(error: BaseException, line: str, doing: str) -> LineError:
    """Tell where in the line's folder an exception came from: the innermost of its own lines."""
    folder = f"lines/{line}/"
    inside = [
        frame for frame in traceback.extract_tb(error.__traceback__) if f"/{folder}" in Path(frame.filename).as_posix()
    ]
    where = f"{folder}train.py"
    if inside:
        where = f"{folder}{Path(inside[-1].filename).as_posix().rsplit(f'/{folder}', 1)[1]}:{inside[-1].lineno}"
    text = " ".join(str(error).split())
    if isinstance(error, LineError):  # what the dataset itself refused says what to do
        return LineError(f"{where}: {text}")
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return LineError(f"{where}: {said}: correct the {doing} code")


def _place(filename: str | None, root: Path) -> str | None:
    path = Path(filename or "")
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else None


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)
