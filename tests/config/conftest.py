from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from config.loading import ROOT

Change = Callable[[str, str, str], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one complete line, ``shop``, and the environment ``local``, which has no connections."""
    template = ROOT / "cli" / "templates" / "classification"
    shutil.copytree(template, tmp_path / "lines" / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "config" / "environments").mkdir(parents=True)
    local = (ROOT / "config" / "environments" / "local.yaml").read_text().partition("connections:")[0]
    (tmp_path / "config" / "environments" / "local.yaml").write_text(local)
    definition = tmp_path / "lines" / "shop" / "line.yaml"
    definition.write_text(definition.read_text().replace("line: template\n", "line: shop\n"))
    return tmp_path


@pytest.fixture
def change(root: Path) -> Change:
    """Replaces a piece of text, which must be there, in a file of the repository."""

    def replace(file: str, old: str, new: str) -> None:
        path = root / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return replace
