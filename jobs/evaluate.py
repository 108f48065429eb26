"""Chooses the best variant of the sweep and measures it beside the baselines and the champion."""

from __future__ import annotations

import sys

from jobs.main import Context, run_job
from runtime import artefact, attempts, evaluation, judging, model_card, promotion
from runtime.evaluation import Contestant
from runtime.model_card import Card
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

    def contestant(name: str) -> Contestant:
        location, _, sha256 = found[name]
        return Contestant(artefact.load(context.s3, location, sha256), rows, labels)

    location, _, sha256 = found[chosen]
    challenger = contestant(chosen)
    challenger.metrics  # noqa: B018 (rows that tell nothing are said before anything is compared)
    current = promotion.champion(context.client("dynamodb"), arguments.ledger_table, context.paths.line)
    champion = evaluation.champion(context.s3, current, rows, labels, line.dataset.task) if current else None
    baseline_metrics = {name: contestant(name).metrics for name in baselines}
    judged = judging.judge(
        line,
        challenger,
        champion,
        baselines=baseline_metrics,
        fingerprint=str(splits.manifest.get("fingerprint")),
        size_bytes=evaluation.size(context.s3, location),
    )
    key = context.paths.card(chosen)
    outputs = {
        "variant": chosen,
        "artefact": location.uri,
        "manifest_sha256": sha256,
        "metrics": challenger.metrics,
        "validation": {name: dict(manifest.metrics) for name, (_, manifest, _) in found.items()},
        "champion": {"version": current.version, "metrics": champion.metrics if champion else None}
        if current
        else None,
        "baselines": baseline_metrics,
        "rows": rows.num_rows,
        **judged.figures,
        "card": f"s3://{arguments.models_bucket}/{key}",
    }
    tested = {chosen: challenger.metrics, **baseline_metrics}
    attempts.measured(context.client("dynamodb"), arguments.ledger_table, context.paths.line, context.paths.run, tested)
    page = model_card.rendered(
        Card(
            line=line,
            manifest=challenger.artefact.manifest,
            outputs=outputs,
            dataset=splits.manifest,
            importances=judged.importances,
            labels=labels,
            scores=challenger.scores,
            median_ms=judged.median_ms,
        )
    )
    context.s3.put_object(
        Bucket=arguments.models_bucket, Key=key, Body=page.encode(), ContentType="text/html; charset=utf-8"
    )
    return Receipt(station="training", status="succeeded", outputs=outputs)


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
