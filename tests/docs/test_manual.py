from __future__ import annotations

import re

import pytest
from pydantic import BaseModel

from cli import manual
from config.environment import Environment
from config.line import Line
from config.loading import ROOT
from config.schema import settings

LINES = (ROOT / "docs" / "lines.md").read_text(encoding="utf-8")
OF_A_LINE, OF_AN_ENVIRONMENT = LINES.split("## Settings of an environment")


@pytest.mark.parametrize(("model", "chapter"), [(Line, OF_A_LINE), (Environment, OF_AN_ENVIRONMENT)])
def test_every_setting_has_a_row_in_the_manual(model: type[BaseModel], chapter: str) -> None:
    assert [path for path in settings(model) if f"| `{path}` |" not in chapter] == []


@pytest.mark.parametrize(("model", "chapter"), [(Line, OF_A_LINE), (Environment, OF_AN_ENVIRONMENT)])
def test_every_row_of_the_manual_is_a_setting(model: type[BaseModel], chapter: str) -> None:
    rows = chapter.partition("## Settings of line.yaml")[2] or chapter
    assert sorted(re.findall(r"^\| `([^`]+)` \|", rows, re.MULTILINE)) == sorted(settings(model))


def test_the_generated_pages_are_current() -> None:
    assert manual.stale() == []
