"""A run's dataset as models read it: its manifest, and the rows of a part."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from config.errors import LineError
from runtime.paths import RunPaths

Part = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Splits:
    """The dataset that lies under a run's paths in the lake."""

    s3: Any
    paths: RunPaths
    manifest: dict[str, Any]

    @property
    def columns(self) -> list[dict[str, str]]:
        """Name, type and source of each column that a model may use."""
        found: list[dict[str, str]] = self.manifest["columns"]
        return found

    def rows(self, part: Part) -> pa.Table:
        body = self.s3.get_object(Bucket=self.paths.lake, Key=f"{self.paths.dataset}{part}.parquet")["Body"].read()
        return pq.read_table(io.BytesIO(body))

    def labels(self, rows: pa.Table) -> Any:
        """Return the labels of rows of any part: 0 or 1 as whole numbers, those of a regression as they are."""
        labels = rows[self.manifest["label"]].to_numpy()
        return labels.astype("int64") if labels.dtype.kind == "i" else labels


def open_splits(s3: Any, paths: RunPaths) -> Splits:
    """Return the run's dataset; raises LineError when its manifest was not written."""
    key = f"{paths.dataset}manifest.json"
    try:
        body = s3.get_object(Bucket=paths.lake, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        raise LineError(
            f"training: the dataset s3://{paths.lake}/{key} is missing, expected it from the job dataset: "
            "start the run again"
        ) from None
    return Splits(s3=s3, paths=paths, manifest=json.loads(body))
