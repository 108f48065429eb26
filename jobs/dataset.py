"""The dataset job: the run's labelled examples, on the shelf under their fingerprint."""

from __future__ import annotations

import sys

from jobs.inputs import attach_all, snapshots_of
from jobs.main import Context, run_job
from runtime.builder import FIGURES, Builder, Request
from runtime.receipts import Receipt
from runtime.shelf import Shelf
from runtime.splits import RECEIPT


def work(context: Context) -> Receipt:
    """Join the spine with the views as of each example's moment, unless the very same dataset is there already."""
    snapshots = {**snapshots_of(context, "curation", "tables"), **snapshots_of(context, "features", "views")}
    shelf = Shelf(context.s3, context.paths.lake, context.paths.line)
    builder = Builder(
        shelf=shelf,
        snapshots=snapshots,
        attach=lambda connection, names: attach_all(context, connection, snapshots, names),
        folder=context.folder,
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
            **{figure: manifest[figure] for figure in FIGURES if figure in manifest},
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
