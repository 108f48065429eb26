"""A line with a champion and a run that has scored, for the tests of monitoring."""

from __future__ import annotations

import json
from typing import Any

from runtime import receipts
from runtime.monitoring import station
from runtime.paths import RunPaths
from runtime.promotion import Champion, promote
from runtime.receipts import Receipt
from tests.moto_server import Aws

BINS = {"kind": "number", "edges": [0, 1, 2]}
SAME, MOVED = {**BINS, "counts": [500, 500]}, {**BINS, "counts": [950, 50]}


class World:
    """A line with a champion, and a run that has scored."""

    def __init__(self, aws: Aws) -> None:
        self.s3, self.dynamodb = aws.client("s3"), aws.client("dynamodb")
        self.models, self.ledger = aws.bucket(), aws.table("pk", "sk")
        self.paths = RunPaths(lake=aws.bucket(), line="flights", run="run-2")
        reference = {"hour": {**BINS, "shares": [0.5, 0.5]}, "score": {**BINS, "shares": [0.5, 0.5]}}
        body = json.dumps(reference).encode()
        self.s3.put_object(Bucket=self.models, Key="flights/run-1/deep/reference.json", Body=body)
        champion = Champion(
            version=1,
            model_package_arn="arn",
            artefact=f"s3://{self.models}/flights/run-1/deep/",
            manifest_sha256="0" * 64,
            run="run-1",
            variant="deep",
            endpoint="flights",
            endpoint_config="flights-1",
            metrics={"roc_auc": 0.78},
        )
        promote(self.dynamodb, self.ledger, "flights", champion, expected=None)

    def score(self, profile: Any, *, rows: int = 1000) -> None:
        scoring = Receipt("scoring", "succeeded", outputs={"rows": rows, "profile": profile})
        receipts.write(self.s3, self.paths, "scoring", scoring)

    def inspect(self, profile: Any, *, rows: int = 1000, columns: tuple[str, ...] = ()) -> Receipt:
        self.score(profile, rows=rows)
        return station.inspect(
            s3=self.s3,
            dynamodb=self.dynamodb,
            paths=self.paths,
            ledger_table=self.ledger,
            models=self.models,
            columns=columns,
            threshold=0.2,
            minimum_sample=200,
        )
