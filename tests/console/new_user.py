"""The path of a new user, for each template: `line new`, `validate`, `check`, `up`, `run`, a prediction, the notebook.

Every step is the command itself in a copy of the repository; one embedded AWS serves the three lines, and the console.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.new import TEMPLATES
from cli.running import RunningSite, find
from cli.world import QUEUE, ask
from config.loading import ROOT
from tests.clone import Clone, Ended
from tests.test_line_run import wait_for

__all__ = [
    "notebooks",
    "test_a_new_line_passes_its_gate",
    "test_a_new_line_tells_what_to_do_next",
    "test_each_prediction_reaches_its_consumer_and_the_rest_api_tells_the_same",
    "test_every_new_line_is_valid",
    "test_every_template_is_tried",
    "test_its_first_run_succeeds_with_a_model_that_passed_its_gates",
    "test_the_forecast_beats_the_seasonal_baseline",
    "test_the_notebook_runs_from_top_to_bottom_and_draws",
    "test_the_notebooks_dataset_is_the_one_that_is_built",
    "user",
]

LINES = {"classification": "shop", "regression": "courier", "forecast": "demand"}


@dataclass(frozen=True)
class User:
    """Where the user works, how each command ended, and what the notebooks showed."""

    clone: Clone
    process: subprocess.Popen[str]
    site: RunningSite
    made: Mapping[str, Ended]
    validated: Ended
    checked: Mapping[str, Ended]
    runs: Mapping[str, Ended]
    messages: Mapping[str, dict[str, dict[str, Any]]]
    """What the consumer of each line received of its first run, by the prediction's id."""

    def request(self, line: str) -> dict[str, Any]:
        """Return the request of the line's sample."""
        (sample,) = (self.clone.root / ".assembly" / "samples").glob(f"{line}-*")
        found: dict[str, Any] = json.loads((sample / "request.json").read_text())
        return found


def messages(site: RunningSite, line: str) -> dict[str, dict[str, Any]]:
    """Take what lies in the queue of the line's consumer: the record of each prediction, by its id."""
    outputs, sqs = site.outputs(line), site.client("sqs")
    (queue,) = {url for name, url in outputs.items() if name.startswith(QUEUE)}
    found: dict[str, dict[str, Any]] = {}
    while bodies := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for body in bodies:
            record = json.loads(body["Body"])
            found[record["id"]] = record
    return found


@pytest.fixture(scope="module")
def user(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    lines = lines_of(request)
    clone = Clone.make(tmp_path_factory.mktemp("user"))
    shutil.copy(ROOT / "pyproject.toml", clone.root / "pyproject.toml")  # the rules of ruff and pytest
    made = {line: clone.line("new", line, "--template", template) for template, line in LINES.items() if line in lines}
    validated = clone.line("validate")
    checked = {line: clone.line("check", line, "--json") for line in lines}
    process = clone.start("up", "--port", "0")
    wait_for("endpoint_url", process)  # the last thing that it explains
    try:
        site = find(clone.root)
        assert site is not None
        runs = {line: clone.line("run", line, "--json") for line in lines}
        received = {line: messages(site, line) for line in lines}
        yield User(clone, process, site, made, validated, checked, runs, received)
    finally:
        process.send_signal(signal.SIGINT)
        ended = clone.wait(process)
    assert ended.status == 0, ended.stderr
    assert clone.gone(), clone.processes()


each_line = pytest.mark.parametrize(
    "line",
    [pytest.param(line, marks=[] if line == "shop" else pytest.mark.thorough) for line in LINES.values()],
    ids=LINES,
)
"""By default the path of one template is gone, by `make test-all` of each."""


def lines_of(request: pytest.FixtureRequest) -> list[str]:
    """Return the lines that the tests of this call are of."""
    asked = {item.callspec.params.get("line") for item in request.session.items if hasattr(item, "callspec")}
    return [line for line in LINES.values() if line == "shop" or line in asked]


def test_every_template_is_tried() -> None:
    assert sorted(LINES) == sorted(TEMPLATES)


@each_line
def test_a_new_line_tells_what_to_do_next(user: User, line: str) -> None:
    assert (user.made[line].status, f"line check {line}" in user.made[line].stdout) == (0, True), user.made[line]


def test_every_new_line_is_valid(user: User) -> None:
    assert (user.validated.status, user.validated.stderr) == (0, "")


@each_line
def test_a_new_line_passes_its_gate(user: User, line: str) -> None:
    ended = user.checked[line]
    assert (ended.status, ended.document["status"]) == (0, "passed"), ended.stdout + ended.stderr
    assert [one["check"] for one in ended.document["checks"]] == ["validate", "lint", "format", "tests"]


@each_line
def test_its_first_run_succeeds_with_a_model_that_passed_its_gates(user: User, line: str) -> None:
    ended = user.runs[line]
    assert (ended.status, ended.document["status"]) == (0, "succeeded"), ended.stderr
    assert ended.document["model"]["role"] == "champion"
    assert {one["status"] for one in ended.document["stations"]} == {"succeeded"}


@each_line
def test_each_prediction_reaches_its_consumer_and_the_rest_api_tells_the_same(user: User, line: str) -> None:
    received, request = user.messages[line], user.request(line)
    assert len(received) == user.runs[line].document["delivered"]["table"] > 0
    answer = ask(user.site, user.site.outputs(line), request)
    assert answer is not None
    assert answer.status == 200
    assert answer.body["score"] == pytest.approx(received[request["id"]]["score"])


@pytest.mark.thorough
def test_the_forecast_beats_the_seasonal_baseline(user: User) -> None:
    document = user.runs["demand"].document
    training = next(one for one in document["stations"] if one["station"] == "training")
    assert document["model"]["metrics"]["mae"] < training["baselines"]["seasonal_naive"]["mae"] - 0.2


@pytest.fixture(scope="module")
def notebooks(user: User, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str], pa.Table]]:
    """What each notebook showed, and its rows."""
    folder = tmp_path_factory.mktemp("notebooks")
    paths = [part for line in user.runs for part in (f"lines/{line}/explore.ipynb", str(folder / line))]
    ended = subprocess.run(
        [sys.executable, "-P", str(ROOT / "tests" / "notebook.py"), *paths],
        cwd=user.clone.root,
        env={**os.environ, "HOME": str(user.clone.home), "PYTHONPATH": str(user.clone.root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = [json.loads(text) for text in ended.stdout.splitlines()]
    shown = {Path(one["notebook"]).parent.name: one["shown"] for one in told}
    return {line: (shown[line], pq.read_table(folder / line)) for line in user.runs}


@each_line
def test_the_notebook_runs_from_top_to_bottom_and_draws(
    notebooks: dict[str, tuple[list[str], pa.Table]], line: str
) -> None:
    shown, rows = notebooks[line]
    assert (rows.num_rows > 1000, "None" in shown) == (True, False)
    assert sum('class="assembly-line"' in value and "<svg" in value for value in shown) >= 2


@each_line
def test_the_notebooks_dataset_is_the_one_that_is_built(
    user: User, notebooks: dict[str, tuple[list[str], pa.Table]], line: str, tmp_path: Path
) -> None:
    ended = user.clone.line("dataset", "build", line, "--out", str(tmp_path), "--json")
    assert ended.status == 0, ended.stderr
    files = [path for path in map(Path, ended.document["downloaded"]) if path.suffix == ".parquet"]
    built = pa.concat_tables(pq.read_table(path) for path in files)
    _, rows = notebooks[line]
    assert rows.select(built.column_names).cast(built.schema).equals(built)
