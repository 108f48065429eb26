"""Packages from an archive: what Glue's jobs do where they reach no index."""

from __future__ import annotations

import importlib
import sys
import zipfile
from pathlib import Path

import pytest

from jobs import packages

WHEEL = {
    "made_up_package.py": "SAYS = 'from the archive'\n",
    "made_up_package-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: made-up-package\nVersion: 1.0\n",
    "made_up_package-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "made_up_package-1.0.dist-info/RECORD": "",
}


class Bucket:
    """S3 with one object."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def download_file(self, bucket: str, key: str, to: str) -> None:
        assert (bucket, key) == ("assets", "folder/1.zip")
        Path(to).write_bytes(self.path.read_bytes())


def write(path: Path, files: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_the_wheels_of_an_archive_are_installed_without_an_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    wheel = write(tmp_path / "made.whl", dict(WHEEL)).read_bytes()
    files: dict[str, bytes | str] = {
        "wheels/made_up_package-1.0-py3-none-any.whl": wheel,
        "wheels/requirements.txt": "a",
    }
    packed = write(tmp_path / "packed.zip", files)
    assert packages.install(Bucket(packed), "s3://assets/folder/1.zip", tmp_path)
    assert importlib.import_module("made_up_package").SAYS == "from the archive"
    del sys.modules["made_up_package"]


def test_an_archive_of_an_unbundled_assembly_installs_nothing(tmp_path: Path) -> None:
    packed = write(tmp_path / "packed.zip", {"wheels/requirements.txt": "boto3==1\n"})
    before = list(sys.path)
    assert not packages.install(Bucket(packed), "s3://assets/folder/1.zip", tmp_path)
    assert sys.path == before
