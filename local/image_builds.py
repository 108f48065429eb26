"""Images that the CDK CLI builds and pushes: what the stand-in for docker tells of them (local/docker.py)."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from config.errors import LineError
from local.docker import ROUTE
from local.fidelity import Row
from local.images import Image, read_image

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row(
        "ECR",
        "images that the CDK CLI builds and pushes",
        "approximated",
        "no image is built: a stand-in for docker notes the build context, of which a push keeps a copy",
    )
]

_MEDIA = "application/vnd.docker"
_PROGRAM = Path(__file__).with_name("docker.py")


class Builds:
    """The images of this machine by tag, which a push makes known to the registry."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._built: dict[str, tuple[Path, str]] = {}

    def do(self, asked: dict[str, str]) -> None:
        """Do what one call of docker asks for; raises LineError for an image that is not there or cannot be run."""
        tag = asked["tag"]
        if asked["do"] == "build":
            directory, dockerfile = Path(asked["directory"]), asked["dockerfile"]
            read_image(directory, dockerfile)
            self._built[tag] = (directory, dockerfile)
        elif asked["do"] == "tag":
            self._built[tag] = self._of(asked["source"])
        elif asked["do"] == "push":
            self._push(tag, *self._of(tag))
        else:
            self._of(tag)

    def _of(self, tag: str) -> tuple[Path, str]:
        if tag not in self._built:
            raise LineError(f"image {tag}: there is none of this tag: build it first")
        return self._built[tag]

    def _push(self, uri: str, directory: Path, dockerfile: str) -> None:
        kept = self._aws.directory / "images" / hashlib.sha256(uri.encode()).hexdigest()[:16]
        shutil.copytree(directory, kept, dirs_exist_ok=True)
        image = read_image(kept, dockerfile)
        repository, _, version = uri.partition("/")[2].rpartition(":")
        try:
            self._aws.client("ecr").put_image(
                repositoryName=repository, imageTag=version, imageManifest=_manifest(image, uri)
            )
        except ClientError as error:
            raise LineError(f"image {uri}: it cannot be pushed: {error.response['Error']['Message']}") from None
        self._aws.images.publish(uri, image)


def _manifest(image: Image, uri: str) -> str:
    """Return a manifest that says what the image is: no layers, but what its Dockerfile calls."""
    said = {"uri": uri, "entrypoint": image.entrypoint, "command": image.command}
    digest = f"sha256:{hashlib.sha256(str(said).encode()).hexdigest()}"
    config = {"mediaType": f"{_MEDIA}.image.v1+json", "digest": digest, "size": 0}
    manifest = {"schemaVersion": 2, "mediaType": f"{_MEDIA}.distribution.manifest.v2+json", "config": config}
    return json.dumps({**manifest, "layers": [], "annotations": said})


def program(folder: Path, python: str) -> Path:
    """Write the program that ``CDK_DOCKER`` names into a folder, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\nexec '{python}' -I '{_PROGRAM}' \"$@\"\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def install(aws: EmbeddedAws) -> None:
    """Take what the stand-in for docker tells."""
    builds = Builds(aws)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        try:
            builds.do(asked)
        except LineError as error:
            start_response("400 Bad Request", [("Content-Type", "text/plain")])
            return [str(error).encode()]
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    aws.add_route(lambda path: path == ROUTE, app)
