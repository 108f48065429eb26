"""The rules of the house that no tool checks: which part may import which, and that nothing shadows anything."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from config.loading import ROOT

PARTS = ("assembly_line", "cli", "config", "console", "jobs", "lambdas", "lines", "local", "runtime", "stacks")
MAY_IMPORT = {
    "config": {"config"},
    "runtime": {"config", "runtime"},
    "lambdas": {"config", "runtime", "lambdas"},
    "jobs": {"config", "runtime", "jobs"},
    "lines": {"config", "runtime", "lines"},
    "assembly_line": {"config", "runtime", "lambdas", "jobs", "assembly_line"},
    "stacks": {"config", "runtime", "assembly_line", "stacks"},
    "local": {"config", "runtime", "local"},
    "cli": {"config", "console", "runtime", "local", "cli"},  # of the console, main.py alone what serves it
    "console": {"cli", "config", "runtime", "console"},
}
IN_THE_CLOUD = ("config", "runtime", "lambdas", "jobs")
FOLDERS = {part: f"constructs/{part}" if part == "assembly_line" else part for part in PARTS}


def imports(part: str) -> Iterator[tuple[str, str]]:
    """Yield (file, imported top-level module) for each import in a part, those inside functions included."""
    for path in sorted((ROOT / FOLDERS[part]).rglob("*.py")):
        if "tests" in path.relative_to(ROOT).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            yield from ((path.relative_to(ROOT).as_posix(), name.partition(".")[0]) for name in names)


@pytest.mark.parametrize("part", PARTS)
def test_dependencies_point_one_way(part: str) -> None:
    wrong = [(file, name) for file, name in imports(part) if name in PARTS and name not in MAY_IMPORT[part]]
    assert wrong == []


@pytest.mark.parametrize("part", IN_THE_CLOUD)
def test_what_runs_in_the_cloud_knows_neither_cdk_nor_moto(part: str) -> None:
    assert [(file, name) for file, name in imports(part) if name in ("aws_cdk", "moto", "constructs")] == []


def test_constructs_is_the_package_that_cdk_needs() -> None:
    spec = importlib.util.find_spec("constructs")
    assert spec is not None
    assert spec.origin is not None
    assert ROOT / "constructs" not in Path(spec.origin).parents


@pytest.mark.parametrize("part", [*(path for path in FOLDERS.values()), "constructs", "tests"])
def test_no_part_is_a_regular_package(part: str) -> None:
    assert [path for path in (ROOT / part).rglob("__init__.py") if ".venv" not in path.parts] == []


def test_every_hook_of_pre_commit_has_a_program() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert {hook["entry"].split()[0].removeprefix(".venv/bin/") for hook in hooks} == {"ruff", "mypy", "line", "python"}


def test_the_readmes_make_targets_exist() -> None:
    text = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)) <= targets


def test_continuous_integration_can_be_started() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_what_decides_templates_and_behaviour_is_pinned_exactly() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    pinned = {text.split("==")[0] for group in groups.values() for text in group if "==" in text}
    assert {"aws-cdk-lib", "moto[server]"} <= pinned
