from __future__ import annotations

import shutil
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
    shutil.copy(ROOT / "config" / "environments" / "local.yaml", tmp_path / "config" / "environments")
    make_line("shop", tmp_path)
    return tmp_path
