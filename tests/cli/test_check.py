from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.check import check_a_line
from cli.ending import UsageError
from config.loading import ROOT

UNUSED = "import os\n"
UNTIDY = "\nx = {  }\n"
FAILS = "def test_that_fails() -> None:\n    assert 1 + 1 == 3\n"


@pytest.fixture
def shop(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A line whose only test passes, in a repository with this one's rules for ruff."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    rules = (ROOT / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(rules[rules.index("[tool.ruff]") :])
    folder = root / "lines" / "shop"
    (folder / "tests" / "test_shop.py").write_text("def test_that_passes() -> None:\n    assert True\n")
    return folder


def checked(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    status = check_a_line("shop", scale=False, as_json=True, root=root)
    return status, json.loads(capsys.readouterr().out)


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    return {one["check"]: one["outcome"] for one in document["checks"]}


def findings(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["severity"], each["message"]) for one in document["checks"] for each in one["findings"]]


def test_info_proposes_and_stops_nothing(shop: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "train.py").write_text((shop / "train.py").read_text() + UNTIDY)
    status, document = checked(root, capsys)
    assert (status, document["status"]) == (0, "passed"), document
    assert outcomes(document) == {"validate": "passed", "lint": "passed", "format": "info", "tests": "passed"}
    assert findings(document) == [
        ("info", "lines/shop/train.py would be laid out otherwise: `ruff format lines/shop` does it")
    ]


def test_an_error_stops_the_checks_after_it(shop: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "sample.py").write_text(UNUSED + (shop / "sample.py").read_text())
    status, document = checked(root, capsys)
    assert (status, document["status"]) == (1, "failed")
    assert outcomes(document) == {"validate": "passed", "lint": "error", "format": "not run", "tests": "not run"}
    assert ("error", "lines/shop/sample.py:1:8: F401 [*] `os` imported but unused") in findings(document)


def test_a_line_that_does_not_hold_together_goes_no_further(
    shop: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "spine.sql").write_text("SELECT nothing FROM orders")
    status, document = checked(root, capsys)
    assert (status, outcomes(document)["validate"], outcomes(document)["tests"]) == (1, "error", "not run")


def test_a_failing_test_is_an_error_that_names_it(shop: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "tests" / "test_shop.py").write_text(FAILS)
    status, document = checked(root, capsys)
    ((severity, message),) = findings(document)
    assert (status, severity) == (1, "error")
    assert message.startswith("lines/shop/tests/test_shop.py::test_that_fails - assert (1 + 1) == 3 (all they said: ")
    (log,) = (root / ".assembly" / "logs").iterdir()
    assert "assert (1 + 1) == 3" in log.read_text()


def test_a_line_without_tests_is_flagged(shop: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "tests" / "test_shop.py").unlink()
    status, document = checked(root, capsys)
    assert (status, document["status"], outcomes(document)["tests"]) == (0, "flagged", "warning")


def test_people_see_a_table_and_what_was_found(shop: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "sample.py").write_text(UNUSED + (shop / "sample.py").read_text())
    assert check_a_line("shop", scale=False, as_json=False, root=root) == 1
    told = capsys.readouterr()
    assert "lint found an error" in told.out
    assert "error: lines/shop/sample.py:1:8: F401 [*] `os` imported but unused" in told.err


def test_a_line_that_is_not_there_is_told(root: Path) -> None:
    with pytest.raises(UsageError) as refused:
        check_a_line("<b>", scale=True, as_json=False, root=root)
    assert str(refused.value) == "line '<b>' is unknown, expected one of shop: correct the name"
