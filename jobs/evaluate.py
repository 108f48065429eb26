"""Chooses the best variant of the sweep and measures it beside the baselines and the champion."""

from __future__ import annotations

import sys

from jobs.main import Context, run_job
from runtime import artefact, evaluation, promotion
from runtime.manifest import Location
from runtime.receipts import Receipt
from runtime.splits import open_splits


def main() -> int:
    return run_job("training", "training", work, required=["ledger_table"])


def work(context: Context) -> Receipt:
    arguments, line = context.arguments, context.bundle.definition
    variants = [variant.name for variant in line.training.trials]
    baselines = [variant.name for variant in line.training.baselines]
    found = evaluation.candidates(context.s3, arguments.models_bucket, context.paths, [*variants, *baselines])
    chosen = evaluation.best({name: found[name][1].metrics for name in variants}, line.metric)
    splits = open_splits(context.s3, context.paths)
    rows = splits.rows("test")
    labels = splits.labels(rows)

    def measured(location: Location, sha256: str) -> dict[str, float] | None:
        """A champion of another task answers another question: there is nothing to compare it with."""
        model = artefact.load(context.s3, location, sha256)
        return evaluation.measured(model, rows, labels) if model.manifest.task == line.dataset.task else None

    champion = promotion.champion(context.client("dynamodb"), arguments.ledger_table, context.paths.line)
    location, _, sha256 = found[chosen]
    return Receipt(
        station="training",
        status="succeeded",
        outputs={
            "variant": chosen,
            "artefact": location.uri,
            "manifest_sha256": sha256,
            "metrics": measured(location, sha256),
            "validation": {name: dict(manifest.metrics) for name, (_, manifest, _) in found.items()},
            "champion": {
                "version": champion.version,
                "metrics": measured(Location.of(champion.artefact), champion.manifest_sha256),
            }
            if champion
            else None,
            "baselines": {name: measured(found[name][0], found[name][2]) for name in baselines},
            "rows": rows.num_rows,
        },
    )


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
