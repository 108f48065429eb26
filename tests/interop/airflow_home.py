"""A real Airflow of a test: its own environment, home and database, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.loading import ROOT

BIN = ROOT / ".assembly" / "airflow" / "bin"
_PATIENCE_SECONDS = 400


@dataclass(frozen=True)
class Airflow:
    """``home`` is AIRFLOW_HOME; ``environment`` what its processes have beside it: whose AWS, which DAGs."""

    home: Path
    environment: Mapping[str, str]

    @classmethod
    def make(cls, home: Path, *, endpoint: str, dags: Path, keys: Mapping[str, str]) -> Airflow:
        """Return an Airflow with a fresh SQLite database, which talks to one AWS endpoint with the keys of a caller."""
        home.mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "FAILURES": str(home / "failures"),
            **keys,
        }
        made = cls(home, environment)
        made.call("airflow", "db", "migrate")
        return made

    def call(self, program: str, *arguments: str) -> str:
        """Run a program of Airflow's environment and return what it printed; a failure shows it."""
        ended = subprocess.run(
            [str(BIN / program), *arguments],
            cwd=self.home,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        told = ended.stdout + ended.stderr
        assert ended.returncode == 0, told[-8000:]
        return told

    def run(self, cases: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """Run DAGs, each at a logical date, one after another in one process; return what became of each."""
        asked, result = self.home / "cases.json", self.home / "result.json"
        asked.write_text(json.dumps([{"dag": dag, "date": f"{date}T00:00:00+00:00"} for dag, date in cases]))
        self.call("python", str(Path(__file__).with_name("drive.py")), str(asked), str(result))
        found: list[dict[str, Any]] = json.loads(result.read_text())
        return found

    @property
    def failures(self) -> dict[str, str]:
        """Return the failures that DAGs told: DAG and task -> why."""
        lines = (self.home / "failures").read_text().splitlines()
        return {told["task"]: told["why"] for told in map(json.loads, lines)}
