"""The packages of Glue's jobs for a network from which no package index is reached: an archive of wheels."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from aws_cdk import AssetHashType, Stack, Stage
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from assembly_line.code import EPOCH, job_pins
from config.errors import LineError

PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
"""What Glue's workers run: newer wheels first."""
_VERSION = "3.13"


def wheels(scope: Construct, id_: str) -> s3_assets.Asset:
    """Stage the archive of everything that Glue's jobs import; where nothing is bundled it holds the list alone."""
    whole, stage, pins = Stack.of(scope).bundling_required, Stage.of(scope), job_pins()
    said = "\n".join([*PLATFORMS, _VERSION, *pins])
    folder = Path(stage.asset_outdir)  # type: ignore[union-attr]  # an app is a stage
    digest = hashlib.sha256(said.encode()).hexdigest()
    path = folder / f"wheels.{digest[:16]}{'' if whole else '.list'}.zip"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        archive(path, pins, download=whole)
    return s3_assets.Asset(scope, id_, path=str(path), asset_hash=said, asset_hash_type=AssetHashType.CUSTOM)


def archive(path: Path, pins: list[str], *, download: bool) -> None:
    """Write the list of packages and, with ``download``, the wheel of each; raises LineError where one is not found."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        listed = folder / "requirements.txt"
        listed.write_text("\n".join(pins) + "\n", encoding="utf-8")
        if download:
            _download(listed, folder)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
            for file in sorted(folder.iterdir()):
                packed.writestr(zipfile.ZipInfo(f"wheels/{file.name}", EPOCH), file.read_bytes())


def _download(listed: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--python-version", _VERSION, "--implementation", "cp"]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    done = subprocess.run(
        [*command, "--requirement", str(listed), "--dest", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LineError(
            f"jobs/requirements.txt: pip could not download its wheels for Glue: {done.stderr.strip()}: "
            "see that pip is installed and that the package index can be reached"
        )
