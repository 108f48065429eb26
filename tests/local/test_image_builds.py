"""The stand-in for docker: what the CDK CLI builds and pushes with it can be run, and nothing else is claimed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.image_builds import program
from local.server import EmbeddedAws

REPOSITORY = "assets"
URI = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{REPOSITORY}:abc"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        aws.client("ecr").create_repository(repositoryName=REPOSITORY)
        yield aws


def docker(aws: EmbeddedAws, folder: Path, *arguments: str) -> tuple[int, str]:
    """Call the stand-in as the CDK CLI does; returns its status and what it says is wrong."""
    called = [str(program(folder / "bin", sys.executable)), *arguments]
    ended = subprocess.run(
        called, cwd=folder, env={"AWS_ENDPOINT_URL": aws.endpoint}, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stderr.strip()


def test_what_is_built_and_pushed_outlives_its_build_context(aws: EmbeddedAws, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text('FROM x\nWORKDIR /code\nCOPY . .\nENTRYPOINT ["python", "-m", "jobs"]\n')
    (tmp_path / "job.py").write_text("print('here')")
    assert docker(aws, tmp_path, "login", "--username", "AWS", "--password-stdin", "https://registry") == (0, "")
    assert docker(aws, tmp_path, "inspect", "cdkasset-abc")[0] == 1
    assert docker(aws, tmp_path, "build", "--tag", "cdkasset-abc", "--platform", "linux/arm64", ".") == (0, "")
    assert docker(aws, tmp_path, "inspect", "cdkasset-abc") == (0, "")
    assert docker(aws, tmp_path, "tag", "cdkasset-abc", URI) == (0, "")
    assert docker(aws, tmp_path, "push", URI) == (0, "")
    (tmp_path / "job.py").unlink()
    image = aws.images[URI]
    assert image.entrypoint == ["python", "-m", "jobs"]
    assert (image.directory / "job.py").read_text() == "print('here')"
    (pushed,) = aws.client("ecr").describe_images(repositoryName=REPOSITORY)["imageDetails"]
    assert pushed["imageTags"] == ["abc"]


def test_what_cannot_be_run_is_refused_where_it_is_built(aws: EmbeddedAws, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\nENTRYPOINT python\n")
    status, said = docker(aws, tmp_path, "build", "--tag", "t", ".")
    assert status == 1
    assert said.startswith("stand-in for docker: ")
    assert "is in shell form, expected exec form" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["push", "absent:1"], "image absent:1: there is none of this tag: build it first"),
        (["run", "x"], "`docker run x`: expected build, tag, push, login or inspect"),
    ],
)
def test_a_mistake_is_told(aws: EmbeddedAws, tmp_path: Path, arguments: list[str], said: str) -> None:
    assert docker(aws, tmp_path, *arguments) == (1, f"stand-in for docker: {said}")


def test_without_a_server_its_mend_is_told(tmp_path: Path) -> None:
    called = [str(program(tmp_path, sys.executable)), "inspect", "x"]
    ended = subprocess.run(called, env={}, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.strip()) == (
        1,
        "stand-in for docker: AWS_ENDPOINT_URL is not set: call the CDK CLI by `line cdk`",
    )
