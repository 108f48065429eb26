"""The package for Airflow imports nothing of the project: its names are held to the project's here."""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from types import ModuleType

import pytest

from assembly_line.naming import pascal
from config.loading import ROOT
from runtime.events import STATIONS
from runtime.paths import RunPaths


@pytest.fixture(scope="module")
def names() -> ModuleType:
    path = ROOT / "interop" / "airflow" / "assembly_line_airflow" / "names.py"
    spec = importlib.util.spec_from_file_location("assembly_line_airflow_names", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_stations_receipts_and_stacks_are_the_projects(names: ModuleType) -> None:
    paths = RunPaths(lake="lake", line="call_centre", run="run-1")
    assert names.STATIONS == STATIONS
    assert names.receipt("call_centre", "run-1", names.GATE) == paths.receipt("release-gate")
    assert names.stack("dev", "call_centre") == f"AssemblyLine-dev-{pascal('call_centre')}"


def test_a_run_id_is_the_same_for_a_retry_and_another_for_each_other_task(names: ModuleType) -> None:
    moment = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    one = {"dag": "d", "dag_run": "r", "task": "t", "map_index": -1, "first_try": 1}
    others = [{**one, **other} for other in ({"dag": "e"}, {"dag_run": "s"}, {"map_index": 0}, {"first_try": 2})]
    made = [names.run_id(**each, moment=moment) for each in (one, *others)]
    assert names.run_id(**one, moment=moment) == made[0]
    assert len(set(made)) == len(made)
    assert all(len(name) <= 80 and name.replace("-", "").isalnum() for name in made)
