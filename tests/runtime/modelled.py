"""A small line with a dataset that can be learnt, for tests of training, artefacts, evaluation and scoring."""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from config.bundle import Bundle
from config.metrics import Task
from config.training import Variant
from runtime import artefact, receipts, training
from runtime.manifest import Location
from runtime.paths import RunPaths, dataset_prefix
from runtime.receipts import Receipt
from runtime.splits import RECEIPT, Splits, open_splits
from runtime.training import Candidate
from tests.moto_server import Aws

COLUMNS = [
    {"name": "carrier", "type": "category", "source": "request"},
    {"name": "distance", "type": "number", "source": "request"},
    {"name": "weather__wind", "type": "number", "source": "weather"},
]

FINGERPRINT = "abc"

TRAIN = """
from sklearn.ensemble import HistGradientBoostingClassifier


def train(dataset, parameters):
    model = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0, **parameters)
    return model.fit(dataset.train, dataset.train_labels)
"""


REGRESSION = TRAIN.replace("Classifier", "Regressor")


def rows(n: int, seed: int = 0, task: Task = "binary") -> pa.Table:
    """Return examples whose label depends on every column; wind is often unknown."""
    random = np.random.default_rng(seed)
    carrier = random.choice(["AA", "DL", "UA"], n)
    distance = random.uniform(100, 2000, n)
    wind = random.uniform(0, 40, n)
    risk = (carrier == "UA") * 1.5 + wind / 15 - distance / 1000
    labels = {
        "binary": pa.array((random.uniform(size=n) < 1 / (1 + np.exp(-risk))).astype("int8")),
        "regression": pa.array(100 * risk + random.normal(size=n)),
    }
    start = dt.datetime(2013, 8, 15, tzinfo=dt.UTC)
    return pa.table(
        {
            "id": [f"f{seed}-{i}" for i in range(n)],
            "event_time": pa.array([start + dt.timedelta(minutes=i) for i in range(n)], pa.timestamp("us", "UTC")),
            "label": labels[task],
            "carrier": pa.array(carrier, pa.string()),
            "distance": distance,
            "weather__wind": pa.array(wind, mask=random.uniform(size=n) < 0.3),
        }
    )


def bundle(line: str, task: Task = "binary", **changes: Any) -> Bundle:
    definition: dict[str, Any] = {
        "line": line,
        "question": "Will this flight arrive late?",
        "parameters": {
            name: {"type": "date", "default": "2013-08-15"} for name in ("one", "two", "three", "four", "score_date")
        },
        "sources": {"flights": {"columns": {"id": "VARCHAR"}}},
        "dataset": {
            "task": task,
            "id": "id",
            "event_time": "event_time",
            "label": "label",
            "request": ["carrier", "distance"],
            "categorical": ["carrier"],
            "split": {"train": ["one", "two"], "validation": ["two", "three"], "test": ["three", "four"]},
        },
        "training": {
            "variants": [{"name": "small", "parameters": {"max_iter": 5}}, {"name": "large"}],
            "baselines": [{"name": "distance_only", "columns": ["distance"]}],
        },
        "scoring": {"date": "score_date"},
        **changes,
    }
    return Bundle(definition=definition, curation={"flights": "SELECT 1"}, features={}, spine="SELECT 1")  # type: ignore[arg-type]


@dataclass(frozen=True)
class World:
    """A line's folder, its dataset in a lake, and a bucket for models."""

    aws: Aws
    root: Path
    bundle: Bundle
    paths: RunPaths
    models: str

    @property
    def s3(self) -> Any:
        return self.aws.client("s3")

    @property
    def splits(self) -> Splits:
        return open_splits(self.s3, self.paths)

    def put(self, part: str, rows: pa.Table) -> None:
        """Write a part of the dataset."""
        body = io.BytesIO()
        pq.write_table(rows, body)
        key = f"{dataset_prefix(self.paths.line, FINGERPRINT)}{part}.parquet"
        self.s3.put_object(Bucket=self.paths.lake, Key=key, Body=body.getvalue())

    def location(self, variant: str) -> Location:
        return Location(bucket=self.models, prefix=self.paths.candidate(variant))

    def candidate(self, variant: Variant | None = None, parameters: Mapping[str, Any] | None = None) -> Candidate:
        return training.candidate(
            splits=self.splits,
            bundle=self.bundle,
            variant=variant or Variant(name="small", parameters={"max_iter": 5}),
            parameters=parameters or {},
            root=self.root,
        )

    def saved(self, variant: Variant | None = None) -> tuple[Location, str]:
        """Train and save a variant; return where, and its manifest's SHA-256."""
        made = self.candidate(variant)
        location = self.location(made.manifest.variant)
        return location, artefact.save(self.s3, location, made.files, made.manifest)


def world(aws: Aws, root: Path, *, train: str = TRAIN, task: Task = "binary", **changes: Any) -> World:
    """Return a line of its own with 600 training rows; ``root`` must be on the path for its code to be found."""
    line = f"line{uuid.uuid4().hex[:8]}"
    folder = root / "lines" / line
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(train)
    paths = RunPaths(lake=aws.bucket(), line=line, run="run-1")
    made = World(aws=aws, root=root, bundle=bundle(line, task, **changes), paths=paths, models=aws.bucket())
    for seed, (part, n) in enumerate({"train": 600, "validation": 300, "test": 300}.items()):
        made.put(part, rows(n, seed, task))
    manifest = {"line": line, "snapshots": {"flights": 1}, "fingerprint": FINGERPRINT, "columns": COLUMNS}
    manifest |= {"files": {part: {"file": f"{part}.parquet"} for part in ("train", "validation", "test")}}
    manifest |= {"label": "label", "id": "id", "event_time": "event_time"}
    body = json.dumps(manifest).encode()
    made.s3.put_object(Bucket=paths.lake, Key=f"{dataset_prefix(line, FINGERPRINT)}manifest.json", Body=body)
    built = Receipt(station="training", status="succeeded", outputs={"fingerprint": FINGERPRINT})
    receipts.write(made.s3, paths, RECEIPT, built)
    return made
