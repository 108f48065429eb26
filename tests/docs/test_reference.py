"""The reference is made from what it tells of: every command, setting and construct has its place in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from cli.manual_commands import commands_page
from cli.manual_constructs import constructs_page
from cli.manual_settings import settings_page
from config.environment import Environment
from config.line import Line
from config.loading import ROOT

REFERENCE = ROOT / "docs" / "reference"


class Inner(BaseModel):
    kind: Literal["a|b", "c"]
    size: int = Field(default=3, ge=1, description="how many <things>")


class Outer(BaseModel):
    name: str
    inner: dict[str, Inner] = {}
    told: float | None = None


def test_a_setting_is_told_with_its_values_its_default_and_its_words(tmp_path: Path) -> None:
    told = tmp_path / "told.md"
    told.write_text(
        "# Told\n\n## One\n\n| `told` | another |\n\n## Two\n\n| `told` | see [there](#there), [x](x.md#y) |\n"
    )
    page = settings_page(Outer, "outer.yaml", told_in=told, chapter="Two")
    assert [line for line in page.splitlines() if line.startswith(("| **", "| `", "## ", "Under"))] == [
        "## outer.yaml",
        "| **`name`** | text |  |  |",
        "| `inner` | name → [Inner](#inner) |  |  |",
        "| `told` | number |  | see [there](../told.md#there), [x](../x.md#y) |",
        "## Inner",
        "Under `inner.<name>`.",
        "| **`kind`** | `a\\|b`, `c` |  |  |",
        "| `size` | whole number; at least 1 | `3` | how many &lt;things> |",
    ]


def test_every_model_of_a_file_has_a_table() -> None:
    for model, name in ((Line, "line"), (Environment, "environment")):
        schema = model.model_json_schema()
        wanted = {key for key, part in schema["$defs"].items() if "properties" in part}
        text = (REFERENCE / f"{name}.md").read_text(encoding="utf-8")
        assert wanted - set(re.findall(r"^## (.*)$", text, re.MULTILINE)) == set()


def test_every_command_that_help_names_is_told_of() -> None:
    asked = [sys.executable, "-m", "cli.main", "--help"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    names = re.findall(r"^│ (\w+) ", said.partition("Commands")[2], re.MULTILINE)
    page = commands_page()
    assert names
    assert [name for name in names if f"## line {name}" not in page] == []


def test_every_option_of_a_command_is_told_of() -> None:
    section = commands_page().partition("## line env destroy\n")[2].partition("\n## ")[0]
    asked = [sys.executable, "-m", "cli.main", "env", "destroy", "--help"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    options = set(re.findall(r"--[a-z-]+", said.partition("Options")[2])) - {"--help"}
    assert options
    assert [name for name in options if name not in section] == []


def test_every_construct_is_told_of_with_what_it_takes() -> None:
    page = constructs_page()
    assert "### DeadLetters\n\nA queue for what could not be handled" in page
    assert "| `fifo` | `bool` | `False` |" in page
    assert "_" not in "".join(re.findall(r"^### (.)", page, re.MULTILINE))
