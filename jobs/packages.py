"""The packages of a Glue job where no package index is reached: installed from an archive of wheels, when imported.

A Glue job's script imports it before anything else; without ``--packages`` it does nothing. Glue's own way to do this
knows an archive by the end of its name, and the names of a deploy's files are digests.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

OPTION = "--packages"


def archive_of(argv: Sequence[str]) -> str:
    """Return the URL that the arguments give, or nothing.

    >>> archive_of(["--line", "flights", "--packages", "s3://assets/wheels.zip"])
    's3://assets/wheels.zip'
    """
    return next((argv[i + 1] for i, word in enumerate(argv[:-1]) if word == OPTION), "")


def install(s3: Any, url: str, folder: Path) -> bool:
    """Install every wheel of an archive and put them first on Python's path; tells whether it holds any.

    One that was written without bundling holds the list alone: then the packages are those that are here.
    """
    place, packed, target = urlparse(url), folder / "wheels.zip", folder / "packages"
    s3.download_file(place.netloc, place.path.lstrip("/"), str(packed))
    with zipfile.ZipFile(packed) as archive:
        wheels = [name for name in archive.namelist() if name.endswith(".whl")]
        archive.extractall(folder)
    packed.unlink()
    if not wheels:
        return False
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-index", "--no-compile", "--target", str(target), *(str(folder / name) for name in wheels)]
    subprocess.run(command, check=True)
    sys.path.insert(0, str(target))
    return True


if archive_of(sys.argv):
    import boto3  # Glue's own, until those of the archive come before it

    install(boto3.client("s3"), archive_of(sys.argv), Path(tempfile.mkdtemp()))
