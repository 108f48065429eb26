"""Evaluation: the best candidate, the baselines and the champion, measured on the same test rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from threadpoolctl import threadpool_limits

from config.errors import LineError
from config.metrics import HIGHER_IS_BETTER, Task
from runtime import artefact, manifest, models, promotion, quality
from runtime.artefact import Artefact
from runtime.manifest import Location, Manifest
from runtime.paths import RunPaths

WARM_UP, ASKED, SECONDS = 10, 200, 1.0
"""Single rows predicted before latency counts, how many count at most, and for how long."""
LEAST_ASKED = 20


@dataclass(frozen=True)
class Contestant:
    """A model and the test rows as it takes them.

    A champion may know columns that the dataset has lost since: it has to do without them, as it would in service.
    """

    artefact: Artefact
    rows: pa.Table
    labels: Any

    @cached_property
    def frame(self) -> pd.DataFrame:
        return self.artefact.encoding.frame(self.rows, absent="missing")

    @cached_property
    def scores(self) -> Any:
        return models.scores(self.artefact.model, self.frame, self.artefact.manifest.task)

    @cached_property
    def metrics(self) -> dict[str, float]:
        task = self.artefact.manifest.task
        return quality.measure(self.labels, self.scores, task, subject="training: the test rows")


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


def champion(s3: Any, current: promotion.Champion, rows: pa.Table, labels: Any, task: Task) -> Contestant | None:
    """Return the champion, measured; raises LineError where its artefact is gone, changed or cannot predict any more.

    One of another task is None: it answers another question, so that there is nothing to compare with. Nor is a
    challenger released because the champion is broken: a person says which version is to be in service.
    """
    try:
        loaded = artefact.load(s3, Location.of(current.artefact), current.manifest_sha256)
    except LineError as error:
        raise _incomparable(current, str(error).rpartition(": ")[0]) from None
    if loaded.manifest.task != task:
        return None
    found = Contestant(loaded, rows, labels)
    try:
        found.metrics  # noqa: B018 (what it cannot do shows here)
    except Exception as error:  # noqa: BLE001 (a model of another time: whatever it raises, it cannot be compared with)
        text = " ".join(str(error).split())
        raise _incomparable(current, f"{type(error).__name__}: {text}") from None
    return found


def _incomparable(current: promotion.Champion, why: str) -> LineError:
    return LineError(
        f"training: the champion, version {current.version} of run {current.run!r}, cannot be compared with: {why}: "
        "put its artefact back from the bucket's versions, or put a version that can be loaded in its place"
    )


def latency(contestant: Contestant, seed: int) -> tuple[float, float]:
    """Return the median and the 99th percentile of the milliseconds that one row takes, encoding included.

    Rows are asked one at a time on one thread, as requests bring them, after some that warm the model up.
    """
    rows, model = contestant.rows, contestant.artefact
    order = np.random.default_rng(seed).integers(0, rows.num_rows, WARM_UP + ASKED).tolist()
    taken: list[float] = []
    with threadpool_limits(1):  # one row is no work to be shared, and threads that wait for each other hide its cost
        for i, place in enumerate(order):
            row = rows.slice(place, 1)
            began = time.perf_counter()
            models.scores(model.model, model.encoding.frame(row, absent="missing"), model.manifest.task)
            taken += [1000 * (time.perf_counter() - began)] if i >= WARM_UP else []
            if len(taken) >= LEAST_ASKED and sum(taken) > 1000 * SECONDS:
                break
    median, high = np.quantile(taken, [0.5, 0.99])
    return float(median), float(high)


def size(s3: Any, location: Location) -> int:
    """Return the bytes of an artefact's files."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=location.bucket, Prefix=location.prefix)
    return sum(item["Size"] for page in pages for item in page.get("Contents", []))
