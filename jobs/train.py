"""Trains one variant of the sweep, or one baseline, and keeps track of the attempt."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.errors import LineError
from config.line import Line
from config.training import Variant
from jobs import container
from jobs.main import Context, run_job
from runtime import artefact, tracking, training
from runtime.attempts import Tracker
from runtime.checkpoints import Checkpoints, Store
from runtime.manifest import Location
from runtime.progress import Curves
from runtime.receipts import Receipt
from runtime.splits import open_splits

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds ``lines``: /app in the image."""


def main() -> int:
    return run_job(
        "training",
        lambda arguments: f"training-{arguments.variant}",
        container.telling(work),
        argv=[*sys.argv[1:], *container.given()],
        required=["variant", "ledger_table"],
    )


def work(context: Context) -> Receipt:
    arguments, line = context.arguments, context.bundle.definition
    variant = _variant(line, arguments.variant)
    tracker = Tracker(
        dynamodb=context.client("dynamodb"),
        table=arguments.ledger_table,
        line=line.line,
        run=context.paths.run,
        variant=variant.name,
    )
    known = {
        "kind": "baseline" if variant in line.training.baselines else "variant",
        "parameters": training.parameters_of(variant, context.parameters),
        "code": training.code_of(context.bundle, ROOT, arguments.commit),
        "image": arguments.image,
    }
    try:
        receipt = _tracked(context, tracker, variant, known)
    finally:  # a failed training is told, too
        warning = tracking.tell(arguments.tracking, line.line, tracker.attempt)
        if warning:
            print(warning, file=sys.stderr)
    return replace(receipt, message="; ".join(filter(None, (receipt.message, warning))))


def _tracked(context: Context, tracker: Tracker, variant: Variant, known: Mapping[str, Any]) -> Receipt:
    arguments, curves = context.arguments, Curves()
    location = Location(bucket=arguments.models_bucket, prefix=context.paths.candidate(variant.name))
    with tracker.tracked(**known) as learnt:
        splits = open_splits(context.s3, context.paths)
        learnt["dataset"] = training.data_of(splits)
        store = Store(s3=context.s3, location=location, attempt=learnt["attempt"])
        checkpoints = Checkpoints.of(store, context.folder / "checkpoints")
        try:
            candidate = training.candidate(
                splits=splits,
                bundle=context.bundle,
                variant=variant,
                parameters=context.parameters,
                root=ROOT,
                checkpoints=checkpoints,
                curves=curves,
                commit=arguments.commit,
            )
        finally:
            learnt["curves"] = curves.steps()
        artefact.save(context.s3, location, candidate.files, candidate.manifest)
        checkpoints.done()
        learnt |= {
            "metrics": candidate.manifest.metrics,
            "artefact": location.uri,
            "fit_seconds": candidate.fit_seconds,
        }
    return Receipt(
        station="training",
        status="succeeded",
        message=checkpoints.warning,
        outputs={
            "variant": variant.name,
            "artefact": location.uri,
            "validation": dict(candidate.manifest.metrics),
            "columns": len(candidate.manifest.columns),
            "attempt": learnt["attempt"],
            "resumed": checkpoints.restored,
        },
    )


def _variant(line: Line, name: str) -> Variant:
    known = [*line.training.trials, *line.training.baselines]
    for variant in known:
        if variant.name == name:
            return variant
    raise LineError(
        f"training: variant {name!r} is not in lines/{line.line}/line.yaml, "
        f"expected one of {', '.join(variant.name for variant in known)}: correct the argument --variant"
    )


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
