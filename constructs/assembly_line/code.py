"""What is shipped: the code of handlers, their dependencies, the modules of jobs, the image's build context.

Each is an allow-list: a file that nobody named (a secret, a cache, a notebook) never leaves the repository.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from packaging.requirements import Requirement

from config.errors import LineError
from config.loading import ROOT
from config.shipped import MODULE_FILES, module_files

PYTHON = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64

_PLATFORM, _VERSION = "aarch64-manylinux_2_28", "3.13"

_OF_CONFIG = ("branch", "branches", "errors", "formats", "metrics", "monitors", "naming", "strict", "tags")
HANDLER_FILES = [
    "lambdas/**/*.py",
    "runtime/**/*.py",
    *(f"config/{name}.py" for name in _OF_CONFIG),
]
IMAGE_FILES = [*MODULE_FILES, "jobs/Dockerfile", "jobs/requirements*.txt", "lines/*/*.py"]

_CACHES = ["**/__pycache__"]
_LINE_SAMPLES = ["lines/*/sample.py"]
EPOCH = (1980, 1, 1, 0, 0, 0)
"""When every file of an archive was written, so that its bytes depend on its content alone."""
_PIN = re.compile(r"^[A-Za-z0-9][^\\\n]*", re.MULTILINE)
_GLUE = {"python_version": _VERSION, "python_full_version": f"{_VERSION}.0", "sys_platform": "linux"}


def only(files: list[str]) -> list[str]:
    """Return the exclusions that leave nothing but some files; to be read with ``IgnoreMode.DOCKER``."""
    return ["*", *(f"!{pattern}" for pattern in files), *_CACHES, *_LINE_SAMPLES]


def handler_code(root: Path = ROOT) -> lambda_.Code:
    """Return the asset whose root holds the packages that handlers import, so that an import reads as in a test."""
    return lambda_.Code.from_asset(str(root), exclude=only(HANDLER_FILES), ignore_mode=cdk.IgnoreMode.DOCKER)


def handler_dependencies() -> lambda_.Code:
    """Return the asset of the locked packages that handlers import, installed for their platform without Docker."""
    requirements = ROOT / "lambdas" / "requirements.txt"
    return lambda_.Code.from_asset(
        str(requirements.parent),
        asset_hash=hashlib.sha256(f"{_PLATFORM} {_VERSION}\n".encode() + requirements.read_bytes()).hexdigest(),
        asset_hash_type=cdk.AssetHashType.CUSTOM,
        bundling=cdk.BundlingOptions(
            image=PYTHON.bundling_image,
            command=["pip", "install", "--requirement", "requirements.txt", "--target", "/asset-output/python"],
            local=_Uv(requirements),
        ),
    )


def module_zip(directory: Path, root: Path = ROOT) -> Path:
    """Write the zip of modules that Glue puts on a script's path, its bytes depending on its content alone.

    It names its directories: without them zipimport finds no namespace packages.
    """
    path = directory / "modules.zip"
    files = module_files(root)
    folders = sorted({folder for file in files for folder in file.relative_to(root).parents if folder.name})
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in folders:
            archive.writestr(zipfile.ZipInfo(f"{folder.as_posix()}/", EPOCH), b"")
        for file in files:
            entry = zipfile.ZipInfo(file.relative_to(root).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return path


def job_pins() -> list[str]:
    """Return the locked packages of jobs that Glue's Python needs, as pip pins them."""
    lines = _PIN.findall((ROOT / "jobs" / "requirements.txt").read_text(encoding="utf-8"))
    given = [Requirement(line) for line in lines]
    return [f"{one.name}{one.specifier}" for one in given if one.marker is None or one.marker.evaluate(_GLUE)]


@jsii.implements(cdk.ILocalBundling)
class _Uv:
    """Installs wheels for another platform than this machine's; where uv is absent it declines, and Docker is asked."""

    def __init__(self, requirements: Path) -> None:
        self._requirements = requirements

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
        if uv is None:
            return False
        command = [uv, "pip", "install", "--quiet", "--python", sys.executable]
        command += ["--requirement", str(self._requirements)]
        command += ["--target", f"{output_dir}/python", "--only-binary=:all:", "--no-compile-bytecode"]
        command += ["--python-platform", _PLATFORM, "--python-version", _VERSION]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LineError(
                f"lambdas/requirements.txt: uv could not install it for {_PLATFORM}: {done.stderr.strip()}: "
                "see that the package index can be reached"
            )
        return True
