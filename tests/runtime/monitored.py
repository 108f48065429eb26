"""A line with a champion and a run that has scored, for the tests of monitoring."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from config.monitoring import Monitoring
from runtime import ledger, receipts
from runtime.monitoring import judging, monitors, place, station, windows
from runtime.monitoring.judging import Judge, Judged
from runtime.monitoring.verdicts import Verdict, read
from runtime.monitoring.windows import Reference
from runtime.paths import RunPaths
from runtime.promotion import Champion, promote
from runtime.receipts import Receipt
from tests.moto_server import Aws

BINS = {"kind": "number", "edges": [0]}
SAME, MOVED = {**BINS, "counts": [500, 500, 0]}, {**BINS, "counts": [950, 50, 0]}
REFERENCE = {name: {**BINS, "shares": [0.5, 0.5, 0.0]} for name in ("hour", "score")}
WATCH: dict[str, Any] = {"drift": {"method": "psi", "threshold": 0.2, "minimum_sample": 200}}
NOW = dt.datetime(2013, 8, 20, tzinfo=dt.UTC)


class World:
    """A line with a champion, and a run that has scored. ``monitoring`` is what line.yaml says beside ``WATCH``."""

    def __init__(self, aws: Aws, monitoring: dict[str, Any] | None = None, personal: tuple[str, ...] = ()) -> None:
        self.aws, self.s3, self.dynamodb = aws, aws.client("s3"), aws.client("dynamodb")
        self.models, self.ledger = aws.bucket(), aws.table("pk", "sk")
        self.paths = RunPaths(lake=aws.bucket(), line="flights", run="run-2")
        self.topic, self.queue = aws.topic()
        self.artefact = f"s3://{self.models}/flights/run-1/deep/"
        self.monitoring = Monitoring.model_validate({**WATCH, "alarm": {"at_least": 1, "of": 1}, **(monitoring or {})})
        self.tables = {"PREDICTIONS_TABLE": aws.table("prediction_key"), "WINDOWS_TABLE": aws.table("window", "part")}
        self.personal = personal
        body = json.dumps(REFERENCE).encode()
        self.s3.put_object(Bucket=self.models, Key="flights/run-1/deep/reference.json", Body=body)
        champion = Champion(
            version=1,
            model_package_arn="arn",
            artefact=self.artefact,
            manifest_sha256="0" * 64,
            run="run-1",
            variant="deep",
            endpoint="flights",
            endpoint_config="flights-1",
            metrics={"roc_auc": 0.78},
        )
        promote(self.dynamodb, self.ledger, "flights", champion, expected=None)

    def variables(self) -> dict[str, str]:
        """Return what a handler that judges is told."""
        said = self.monitoring.model_dump(mode="json", exclude={"capture", "ground_truth", "window"})
        return {
            **self.tables,
            "MODELS_BUCKET": self.models,
            "LAKE_BUCKET": self.paths.lake,
            "LEDGER_TABLE": self.ledger,
            "ALARMS_TOPIC": self.topic,
            "MONITORING": json.dumps(said),
            "METRIC": "roc_auc",
            "TASK": "binary",
            "WINDOW_HOURS": str(self.monitoring.window.span_hours),
            "WINDOW_COUNT": str(self.monitoring.window.count or 0),
            "KEEP_DAYS": "90",
            "HIDDEN": json.dumps(sorted(self.personal)),
            "LINK": "https://figures/",
            "RUNBOOKS": "docs/runbooks/",
            "LINE": "flights",
        }

    def judge(self, dynamodb: Any = None, sns: Any = None) -> Judge:
        from runtime.environment import load

        environment = load(place.Environment, self.variables())
        return place.judge_of(
            environment, s3=self.s3, dynamodb=dynamodb or self.dynamodb, sns=sns or self.aws.client("sns")
        )

    def look(self, now: dt.datetime = NOW, **clients: Any) -> Judged:
        """Judge what is due, and tell what is to be told."""
        judge = self.judge(**clients)
        judged = judging.look(judge, now)
        monitors.tell(judge.ledger, "flights")
        return judged

    def day(self, day: int, profile: Any, *, run: str = "", now: dt.datetime = NOW) -> None:
        """Let a run have scored a day of August 2013."""
        store, start = self.judge().store, f"2013-08-{day:02}T00:00Z"
        reference = Reference(self.artefact, REFERENCE)
        windows.add_run(store, reference, profile, run=run or f"run-{day}", start=start, now=now)

    def verdicts(self) -> list[Verdict]:
        return list(read(self.dynamodb, self.tables["WINDOWS_TABLE"], "flights", "2013-08-01", "2013-09-01"))

    def alarms(self) -> list[dict[str, str]]:
        """Return the transitions that the ledger holds, by their sort keys."""
        found = ledger.items(self.dynamodb, self.ledger, "flights", "ALARM#")
        return [{name: value["S"] for name, value in item.items()} for item in found]

    def score(self, profile: Any, *, rows: int = 1000) -> None:
        outputs = {"rows": rows, "profile": profile, "score_date": "2013-08-15"}
        receipts.write(self.s3, self.paths, "scoring", Receipt("scoring", "succeeded", outputs=outputs))

    def inspect(self, profile: Any, *, rows: int = 1000) -> Receipt:
        self.score(profile, rows=rows)
        return station.inspect(self.judge(), s3=self.s3, paths=self.paths, now=NOW)
