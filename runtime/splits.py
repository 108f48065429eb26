"""A run's dataset as models read it: its manifest, and the rows of a part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from config.errors import LineError
from runtime import receipts
from runtime.paths import RunPaths
from runtime.shelf import Shelf

Part = Literal["train", "validation", "test"]
RECEIPT = "training-dataset"


@dataclass(frozen=True)
class Splits:
    """The dataset that a run's receipt refers to."""

    s3: Any
    paths: RunPaths
    manifest: dict[str, Any]

    @property
    def columns(self) -> list[dict[str, str]]:
        """Name, type and source of each column that a model may use."""
        found: list[dict[str, str]] = self.manifest["columns"]
        return found

    def rows(self, part: Part) -> pa.Table:
        return Shelf(self.s3, self.paths.lake, self.paths.line).rows(self.manifest, part)

    def labels(self, rows: pa.Table) -> Any:
        """Return the labels of rows of any part: 0 or 1 as whole numbers, those of a regression as they are."""
        labels = rows[self.manifest["label"]].to_numpy()
        return labels.astype("int64") if labels.dtype.kind == "i" else labels


def open_splits(s3: Any, paths: RunPaths) -> Splits:
    """Return the run's dataset; raises LineError when its job left no receipt, or the dataset is gone."""
    receipt = receipts.read(s3, paths, RECEIPT)
    fingerprint = receipt.outputs.get("fingerprint") if receipt is not None else None
    if fingerprint is None:
        raise LineError(
            f"training: the receipt s3://{paths.lake}/{paths.receipt(RECEIPT)} names no dataset, expected one from the "
            "job dataset: start the run again"
        )
    shelf = Shelf(s3, paths.lake, paths.line)
    manifest = shelf.find(fingerprint)
    if manifest is None:
        raise LineError(
            f"training: the dataset {shelf.uri(fingerprint)} is missing, expected it from the job dataset: "
            "start the run again"
        )
    return Splits(s3=s3, paths=paths, manifest=manifest)
