"""Trains one variant of the sweep, or one baseline."""

from __future__ import annotations

import sys
from pathlib import Path

from config.errors import LineError
from config.line import Line
from config.training import Variant
from jobs.main import Context, run_job
from runtime import artefact, training
from runtime.manifest import Location
from runtime.receipts import Receipt
from runtime.splits import open_splits

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds ``lines``: /app in the image."""


def main() -> int:
    return run_job("training", lambda arguments: f"training-{arguments.variant}", work, required=["variant"])


def work(context: Context) -> Receipt:
    variant = _variant(context.bundle.definition, context.arguments.variant)
    candidate = training.candidate(
        splits=open_splits(context.s3, context.paths),
        bundle=context.bundle,
        variant=variant,
        parameters=context.parameters,
        root=ROOT,
    )
    location = Location(bucket=context.arguments.models_bucket, prefix=context.paths.candidate(variant.name))
    artefact.save(context.s3, location, candidate.files, candidate.manifest)
    return Receipt(
        station="training",
        status="succeeded",
        outputs={
            "variant": variant.name,
            "artefact": location.uri,
            "validation": dict(candidate.manifest.metrics),
            "columns": len(candidate.manifest.columns),
        },
    )


def _variant(line: Line, name: str) -> Variant:
    known = [*line.training.variants, *line.training.baselines]
    for variant in known:
        if variant.name == name:
            return variant
    raise LineError(
        f"training: variant {name!r} is not in lines/{line.line}/line.yaml, "
        f"expected one of {', '.join(variant.name for variant in known)}: correct the argument --variant"
    )


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
