"""What a machine without Spark is told; no session is started here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from config.errors import LineError
from config.loading import ROOT
from runtime import spark


def test_no_java_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(LineError) as error:
        spark.session()
    assert str(error.value) == (
        "engine: 'spark' cannot run here, there is no Java: install version 17, for example "
        "`apt-get install openjdk-17-jre-headless`; or let the line's engine be duckdb"
    )


@pytest.mark.parametrize("module", ["jobs.curate", "jobs.features", "runtime.spark", "cli.sql"])
def test_what_runs_duckdb_does_not_import_pyspark(module: str) -> None:
    code = f"import sys, {module}; print('pyspark' in sys.modules, 'py4j' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.split() == ["False", "False"]
