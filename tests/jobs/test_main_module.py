import subprocess
import sys

import pytest

from jobs.__main__ import main
from local.images import read_image
from tests.lambdas.processes import ROOT


def test_a_job_that_is_unknown_is_told_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fly"]) == 64

    assert capsys.readouterr().err == (
        "job 'fly' is unknown, expected one of dataset, train, evaluate, score, maintain, serve: "
        "python -m jobs <job> --name value ...\n"
    )


def test_no_job_at_all_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 64

    assert capsys.readouterr().err.startswith("no job is named, expected one of dataset, train")


def test_the_image_runs_this_module_and_writes_no_bytecode() -> None:
    image = read_image(ROOT, "jobs/Dockerfile")

    assert image.entrypoint == ["python", "-m", "jobs"]
    assert image.directory == ROOT
    assert image.environment["PYTHONDONTWRITEBYTECODE"] == "1"


def test_a_job_without_its_arguments_says_which_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jobs", "train", "--line", "flights"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 65
    assert done.stderr == "training: argument --run is missing: give it to the job\n"
