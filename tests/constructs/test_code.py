from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, get_args

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3_assets as s3_assets

from assembly_line.code import HANDLER_FILES, IMAGE_FILES, job_pins, module_zip, only
from assembly_line.image import JobImage
from config.environment import Environment
from config.loading import ROOT

SHIPPED = {
    "config/errors.py",
    "config/line.py",
    "config/environments/prod.yaml",
    "jobs/Dockerfile",
    "jobs/requirements-onnx.txt",
    "jobs/requirements.txt",
    "jobs/train.py",
    "lambdas/run/verdict.py",
    "lines/shop/sample.py",
    "lines/shop/tests/test_shop.py",
    "lines/shop/train.py",
    "runtime/delivery/files.py",
    "runtime/paths.py",
}
SECRETS = {
    ".env",
    "jobs/.env",
    "lambdas/.env",
    "lambdas/run/.env.py.bak",
    "lambdas/run/__pycache__/verdict.cpython-313.pyc",
    "lines/shop/.aws/credentials",
    "runtime/.netrc",
    "runtime/__pycache__/paths.py",
    "runtime/notebook.ipynb",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with what is meant to be shipped, and with what must not be."""
    root = tmp_path / "repository"
    for name in SHIPPED | SECRETS:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n")
    return root


def staged(repository: Path, files: list[str], outdir: Path) -> set[str]:
    stack = cdk.Stack(cdk.App(outdir=str(outdir)), "Stack")
    asset = s3_assets.Asset(
        stack, "Asset", path=str(repository), exclude=only(files), ignore_mode=cdk.IgnoreMode.DOCKER
    )
    folder = Path(asset.asset_path) if Path(asset.asset_path).is_absolute() else outdir / asset.asset_path
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_functions_are_shipped_with_nothing_but_their_modules(repository: Path, tmp_path: Path) -> None:
    assert staged(repository, HANDLER_FILES, tmp_path / "out") == {
        "config/errors.py",
        "lambdas/run/verdict.py",
        "runtime/delivery/files.py",
        "runtime/paths.py",
    }


def test_the_image_is_built_of_nothing_but_jobs_and_training_code(repository: Path, tmp_path: Path) -> None:
    assert staged(repository, IMAGE_FILES, tmp_path / "out") == {
        "config/errors.py",
        "config/line.py",
        "jobs/Dockerfile",
        "jobs/requirements-onnx.txt",
        "jobs/requirements.txt",
        "jobs/train.py",
        "lines/shop/train.py",
        "runtime/delivery/files.py",
        "runtime/paths.py",
    }


def test_glue_gets_nothing_but_modules(repository: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(module_zip(tmp_path, repository)) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    assert names == {
        "config/errors.py",
        "config/line.py",
        "jobs/train.py",
        "runtime/delivery/files.py",
        "runtime/paths.py",
    }


def test_modules_are_found_in_the_zip_although_they_are_namespace_packages(tmp_path: Path) -> None:
    path = module_zip(tmp_path)
    command = [sys.executable, "-P", "-S", "-c", "import runtime.delivery.records as r; print(r.__file__)"]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(path)}, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(str(path))


def test_the_same_modules_make_the_same_zip(repository: Path, tmp_path: Path) -> None:
    first, second = (module_zip(tmp_path / name, repository).read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize(
    ("file", "group"),
    [
        ("lambdas/requirements.txt", "handlers"),
        ("jobs/requirements.txt", "jobs"),
        ("jobs/requirements-lightgbm.txt", "lightgbm"),
        ("jobs/requirements-xgboost.txt", "xgboost"),
        ("jobs/requirements-onnx.txt", "onnx"),
        ("jobs/requirements-mlflow.txt", "mlflow"),
    ],
)
def test_requirements_are_what_the_lock_says(file: str, group: str) -> None:
    command = [sys.executable, "-m", "uv", "export", "--frozen", "--offline", "--only-group", group]
    command += ["--no-emit-project", "--no-header", "--no-annotate", "--format", "requirements-txt", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    mend = f"write it anew: {' '.join(command[2:-1])} --output-file {file}"
    assert (ROOT / file).read_text() == done.stdout, mend


def image(stack: cdk.Stack, libraries: list[str]) -> dict[str, Any]:
    """Return what the assembly says of how the image is built."""
    JobImage(stack, "Image", libraries=libraries)
    app = stack.node.root
    assert isinstance(app, cdk.App)
    (manifest,) = Path(app.synth().directory).glob("*.assets.json")
    (asset,) = json.loads(manifest.read_text())["dockerImages"].values()
    found: dict[str, Any] = asset["source"]
    return found


def test_the_image_has_the_libraries_that_the_environment_names(tmp_path: Path) -> None:
    plain = image(cdk.Stack(cdk.App(outdir=str(tmp_path / "plain")), "Stack"), [])
    more = image(cdk.Stack(cdk.App(outdir=str(tmp_path / "more")), "Stack"), ["onnx", "lightgbm"])

    assert "dockerBuildArgs" not in plain
    assert more["dockerBuildArgs"] == {"LIBRARIES": "lightgbm onnx"}


def test_each_library_that_an_environment_may_name_has_its_requirements() -> None:
    (names,) = (get_args(kind) for kind in get_args(Environment.model_fields["libraries"].annotation))
    tracking = "mlflow"  # which an environment's tracking brings
    assert {f"requirements-{name}.txt" for name in (*names, tracking)} == {
        path.name for path in (ROOT / "jobs").glob("requirements-*.txt")
    }


def test_glue_installs_what_is_locked() -> None:
    pins = job_pins()
    assert any(pin.startswith("duckdb==") for pin in pins)
    assert [pin for pin in pins if ";" in pin or " " in pin or "," in pin] == []
    assert len({pin.partition("==")[0] for pin in pins}) == len(pins) > 20
