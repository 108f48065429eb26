from __future__ import annotations

from pathlib import Path

import pytest

from cli.new import make_line
from config.loading import ROOT
from tests.moto_server import aws

__all__ = ["aws"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one new line, ``shop``, and the environment ``local``."""
    (tmp_path / "config" / "environments").mkdir(parents=True)
    local = (ROOT / "config" / "environments" / "local.yaml").read_text().partition("connections:")[0]
    (tmp_path / "config" / "environments" / "local.yaml").write_text(local)
    make_line("shop", tmp_path)
    return tmp_path
