"""The shop's line staged in an AWS of its own, and its jobs run as the state machine would."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from jobs import curate, dataset, features
from runtime import receipts, tables
from runtime.library import Library
from runtime.paths import RunPaths, warehouse
from runtime.receipts import Receipt
from tests.moto_server import REGION, Aws
from tests.runtime.shop import bundle, orders

JOBS = {"curate": curate, "features": features, "dataset": dataset}
RECEIPTS = {"curate": "curation", "features": "features", "dataset": "training-dataset"}


@dataclass
class Workshop:
    aws: Aws
    lake: str = ""
    raw: str = ""
    online: str = ""
    pins: str = ""
    database: str = field(default_factory=lambda: f"db_{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.lake, self.raw, self.online = self.aws.bucket(), self.aws.bucket(), self.aws.table("key")
        self.aws.client("glue").create_database(DatabaseInput={"Name": self.database})
        self.deliver(orders())
        self.stage()

    def deliver(self, text: str) -> None:
        """Put the raw file of the source."""
        self.aws.client("s3").put_object(Bucket=self.raw, Key="shop/orders/orders.csv", Body=text)

    def stage(self, **changes: Any) -> None:
        """Stage the line, with changes to its SQL or definition."""
        body = bundle(**changes).model_dump_json()
        self.aws.client("s3").put_object(Bucket=self.lake, Key="bundle.json", Body=body)

    def run(self, job: str, run: str = "run-1", force: Sequence[str] = (), **parameters: object) -> tuple[int, Receipt]:
        """Run a job in this process; return its exit code and its receipt."""
        with (
            patch.dict("os.environ", {"AWS_ENDPOINT_URL": self.aws.endpoint}),
            patch("sys.argv", [job, *self.words(run, parameters), "--force", json.dumps(list(force))]),
        ):
            code = JOBS[job].main()
        return code, self.receipt(job, run)

    def process(self, job: str, run: str = "run-1") -> subprocess.CompletedProcess[str]:
        """Run a job as a process of its own."""
        command = [sys.executable, "-m", f"jobs.{job}", *self.words(run, {})]
        environment = {**self.aws.environment(), "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def receipt(self, job: str, run: str = "run-1") -> Receipt:
        found = receipts.read(self.aws.client("s3"), RunPaths(self.lake, "shop", run), RECEIPTS[job])
        assert found is not None
        return found

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return what readers of a table see."""
        catalog = tables.catalog(warehouse=warehouse(self.lake), region=REGION, endpoint=self.aws.endpoint)
        rows: list[dict[str, Any]] = tables.read(catalog, f"{self.database}.shop_{table}").to_pylist()
        return rows

    def library(self) -> Library:
        """Return what the stations published together."""
        catalog = tables.catalog(warehouse=warehouse(self.lake), region=REGION, endpoint=self.aws.endpoint)
        return Library.of(catalog, self.aws.client("s3"), lake=self.lake, database=self.database, line="shop")

    def words(self, run: str, parameters: dict[str, object]) -> list[str]:
        values = {
            "line": "shop",
            "run": run,
            "environment": "local",
            "region": REGION,
            "lake-bucket": self.lake,
            "raw-bucket": self.raw,
            "models-bucket": "models",
            "database": self.database,
            "bundle": f"s3://{self.lake}/bundle.json",
            "parameters": json.dumps(parameters),
            "environment-parameters": '{"least": 1}',
            "online-table": self.online,
            "pins": self.pins,
        }
        return [word for name, value in values.items() for word in (f"--{name}", value)]
