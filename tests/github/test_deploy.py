"""``make deploy`` tells of the deploy how it ended, and ends as the deploy did."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from config.loading import ROOT

CDK = """#!/bin/sh
exit $STATUS
"""
LINE = """#!/bin/sh
echo "$@" > told
exit $TOLD
"""


@pytest.mark.parametrize(
    ("status", "telling", "said"),
    [
        (0, 0, "env deployed dev --commit abc --since abb\n"),
        (1, 0, "env deployed dev --commit abc --since abb --failed\n"),
        (0, 1, "env deployed dev --commit abc --since abb\n"),
        (1, 1, "env deployed dev --commit abc --since abb --failed\n"),
    ],
)
def test_whatever_the_deploy_came_to_is_told(tmp_path: Path, status: int, telling: int, said: str) -> None:
    done = made(tmp_path, {"STATUS": str(status), "TOLD": str(telling), "COMMIT": "abc", "SINCE": "abb"})

    assert (done.returncode != 0) == (status != 0), done.stderr
    assert (tmp_path / "told").read_text() == said


def test_a_branchs_environment_is_called_by_its_id(tmp_path: Path) -> None:
    made(tmp_path, {"STATUS": "0", "TOLD": "0", "ID": "idea-abcdefghij"}, "ENV=branch")

    assert (tmp_path / "told").read_text() == "env deployed idea-abcdefghij\n"


def made(folder: Path, variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call the Makefile's target with a CDK CLI and a ``line`` that only say what they are asked."""
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "assembly" / "dev").mkdir(parents=True)
    subprocess.run(["tar", "-cf", "assembly.tar", "assembly"], cwd=folder, check=True)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, text in {"cdk": CDK, "line": LINE}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return subprocess.run(
        ["make", "deploy", "CDK=cdk", "INSTALLED=", "NODE_MODULES=", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )
