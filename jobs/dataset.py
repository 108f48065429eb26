"""The dataset job: the run's labelled examples, on the shelf under their fingerprint."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from jobs.inputs import attach, curated_snapshots, view_snapshots
from jobs.main import Context, run_job
from runtime.builder import Builder, Request
from runtime.receipts import Receipt
from runtime.shelf import Shelf
from runtime.splits import RECEIPT


def work(context: Context) -> Receipt:
    """Join the spine with the views as of each example's moment, unless the very same dataset is there already."""
    snapshots = {**curated_snapshots(context), **view_snapshots(context)}
    shelf = Shelf(context.s3, context.paths.lake, context.paths.line)
    with tempfile.TemporaryDirectory() as folder:
        builder = Builder(
            shelf=shelf,
            snapshots=snapshots,
            attach=lambda connection, names: attach(context, connection, snapshots, names),
            folder=Path(folder),
            run=context.paths.run,
        )
        built = builder.build(Request.of(context.bundle, context.parameters))
    manifest = built.manifest
    return Receipt(
        station="training",
        status="succeeded",
        outputs={
            "dataset": shelf.uri(manifest["fingerprint"]),
            "rows": manifest["rows"],
            **({"positives": manifest["positives"]} if "positives" in manifest else {}),
            "unlabelled": manifest["unlabelled"],
            "columns": len(manifest["columns"]),
            "fingerprint": manifest["fingerprint"],
            "reused": built.is_reused,
            "warnings": manifest["warnings"],
        },
    )


def main() -> int:
    return run_job("training", RECEIPT, work)


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
