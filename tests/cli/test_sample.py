from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli.children import run_python
from cli.sample import prepare
from config.errors import LineError
from config.loading import ROOT
from local.processes import Processes


@pytest.fixture
def processes() -> Iterator[Processes]:
    with closing(Processes()) as running:
        yield running


def test_a_line_without_a_sample_is_told(root: Path, processes: Processes) -> None:
    (root / "lines" / "shop" / "sample.py").unlink()
    with pytest.raises(LineError) as caught:
        prepare(processes, "shop", {}, root)
    assert str(caught.value) == (
        "lines/shop/sample.py is missing, expected raw(directory, parameters), ground_truth(parameters) and "
        "request(parameters): add it"
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print('a'); raise ValueError('no data')", "subject: ValueError: no data (all it said: .assembly/logs/"),
        (
            "import sys; print('ValueError: why\\nException ignored in: x\\nLater: y', file=sys.stderr); sys.exit(1)",
            "subject: ValueError: why (all it said: .assembly/logs/",
        ),
        ("raise SystemExit(3)", "subject: it said nothing (all it said: .assembly/logs/"),
        ("import sys; print('told whole', file=sys.stderr); sys.exit(65)", "told whole"),
        ("import time; time.sleep(60)", "subject: it did not end within 2 s (all it said: .assembly/logs/"),
    ],
)
def test_a_child_that_fails_is_one_line(tmp_path: Path, processes: Processes, code: str, message: str) -> None:
    with pytest.raises(LineError) as caught:
        run_python(processes, ["-c", code], subject="subject", environment=os.environ, timeout=2.0, root=tmp_path)
    assert str(caught.value).startswith(message)


def test_the_flights_sample_has_files_a_request_and_ground_truth(processes: Processes) -> None:
    found = prepare(processes, "flights", {}, ROOT)
    assert {path.parent.name for path in found.raw.glob("*/*.csv")} == {"flights", "weather", "planes", "airports"}
    assert set(found.ground_truth[0]) == {"id", "label", "event_time"}
    assert {"id", "event_time"} <= set(found.request)
