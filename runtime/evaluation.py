"""Evaluation: the best candidate, the baselines and the champion, measured on the same test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from config.errors import LineError
from config.metrics import HIGHER_IS_BETTER
from runtime import manifest, models, quality
from runtime.artefact import Artefact
from runtime.manifest import Location, Manifest
from runtime.paths import RunPaths


def candidates(
    s3: Any, bucket: str, paths: RunPaths, variants: Sequence[str]
) -> dict[str, tuple[Location, Manifest, str]]:
    """Return where each variant's artefact lies, its manifest and the manifest's SHA-256.

    Raises LineError for a variant without a manifest: its job ended without an artefact, however it ended.
    """
    found = {}
    for variant in variants:
        location = Location(bucket=bucket, prefix=paths.candidate(variant))
        read = manifest.read(s3, location)
        if read is None:
            raise LineError(
                f"training: variant {variant!r} ended without an artefact ({location.uri}{manifest.NAME} is missing): "
                f"let train in lines/{paths.line}/train.py return a model, and see the log of its job"
            )
        found[variant] = (location, *read)
    return found


def best(validation: Mapping[str, Mapping[str, float]], metric: str) -> str:
    """Return the variant with the best metric; of equals, the first in the line's order.

    >>> best({"shallow": {"brier": 0.2}, "deep": {"brier": 0.1}}, "brier")
    'deep'
    """
    direction = 1 if HIGHER_IS_BETTER[metric] else -1
    return max(validation, key=lambda variant: direction * validation[variant][metric])


def measured(artefact: Artefact, rows: pa.Table, labels: Any) -> dict[str, float]:
    """Return an artefact's metrics on test rows.

    A champion may know columns that the dataset has lost since: it has to do without them, as it would in service.
    """
    task = artefact.manifest.task
    scores = models.scores(artefact.model, artefact.encoding.frame(rows, absent="missing"), task)
    return quality.measure(labels, scores, task, subject="training: the test rows")
