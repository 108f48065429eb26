"""Reading a cloud assembly: its stacks in order of deployment, their templates and their assets."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.errors import LineError
from local.images import Image, read_image

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class FileAsset:
    """A file, or a directory to be zipped, and where in S3 it goes."""

    source: Path
    packaging: str
    bucket: str
    key: str

    def content(self) -> bytes:
        return zipped(self.source) if self.packaging == "zip" else self.source.read_bytes()


@dataclass(frozen=True)
class ImageAsset:
    """A staged build context and the URI that templates call its image by."""

    directory: Path
    dockerfile: str
    uri: str

    def image(self) -> Image:
        return read_image(self.directory, self.dockerfile)


@dataclass(frozen=True)
class Stack:
    """One stack of an assembly."""

    name: str
    template: dict[str, Any]
    parameters: dict[str, str]
    files: list[FileAsset]
    images: list[ImageAsset]
    tags: dict[str, str] = field(default_factory=dict)


def read_assembly(directory: Path, *, account: str, region: str) -> list[Stack]:
    """Return the stacks of a cloud assembly, each after those it depends on."""
    manifest = directory / "manifest.json"
    if not manifest.is_file():
        raise LineError(f"{directory}: it is not a cloud assembly (no manifest.json): synthesize the app into it first")
    artifacts = json.loads(manifest.read_text(encoding="utf-8"))["artifacts"]
    names = {"AccountId": account, "Region": region, "Partition": "aws"}
    return [_stack(directory, artifacts, artifact, names) for artifact in _in_order(artifacts)]


def zipped(directory: Path) -> bytes:
    """Return a directory as a zip whose bytes depend on its content alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), date_time=_EPOCH)
                entry.external_attr = (0o755 if path.stat().st_mode & 0o100 else 0o644) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _in_order(artifacts: dict[str, Any]) -> Iterator[str]:
    seen: set[str] = set()

    def visit(artifact: str) -> Iterator[str]:
        if artifact in seen:
            return
        seen.add(artifact)
        for needed in artifacts[artifact].get("dependencies", []):
            yield from visit(needed)
        if artifacts[artifact]["type"] == "aws:cloudformation:stack":
            yield artifact

    for artifact in artifacts:
        yield from visit(artifact)


def _stack(directory: Path, artifacts: dict[str, Any], artifact: str, names: dict[str, str]) -> Stack:
    properties = artifacts[artifact]["properties"]
    files: list[FileAsset] = []
    images: list[ImageAsset] = []
    for needed in artifacts[artifact].get("dependencies", []):
        if artifacts[needed]["type"] == "cdk:asset-manifest":
            manifest = directory / artifacts[needed]["properties"]["file"]
            described = json.loads(manifest.read_text(encoding="utf-8"))
            files += _files(directory, described.get("files", {}), names)
            images += _images(directory, described.get("dockerImages", {}), names)
    template = json.loads((directory / properties["templateFile"]).read_text(encoding="utf-8"))
    return Stack(
        name=properties.get("stackName", artifact),
        template=template,
        parameters=properties.get("parameters", {}),
        files=files,
        images=images,
        tags=properties.get("tags", {}),
    )


def _files(directory: Path, described: dict[str, Any], names: dict[str, str]) -> list[FileAsset]:
    return [
        FileAsset(
            source=directory / asset["source"]["path"],
            packaging=asset["source"].get("packaging", "file"),
            bucket=_filled(destination["bucketName"], names),
            key=_filled(destination["objectKey"], names),
        )
        for asset in described.values()
        if "path" in asset["source"]
        for destination in asset["destinations"].values()
    ]


def _images(directory: Path, described: dict[str, Any], names: dict[str, str]) -> list[ImageAsset]:
    return [
        ImageAsset(
            directory=directory / asset["source"]["directory"],
            dockerfile=asset["source"].get("dockerFile", "Dockerfile"),
            uri=f"{names['AccountId']}.dkr.ecr.{names['Region']}.amazonaws.com/"
            f"{_filled(destination['repositoryName'], names)}:{destination['imageTag']}",
        )
        for asset in described.values()
        for destination in asset["destinations"].values()
    ]


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"${{AWS::{name}}}", value)
    return text
