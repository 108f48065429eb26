"""Container images without containers: an image URI stands for its staged directory and what its Dockerfile says.

A job or an endpoint runs the image's entry point as a process of this machine, in the staged directory, with the
project's own interpreter and its locked packages.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from config.errors import LineError
from local.fidelity import Row

FIDELITY = [
    Row(
        "ECR",
        "container images",
        "approximated",
        "an image is its staged directory with ENTRYPOINT, CMD, WORKDIR and ENV of its Dockerfile; nothing is built, "
        "Python packages come from the project's lock instead of the image, and `line up` forks each process from an "
        "interpreter that has imported them",
    )
]


@dataclass(frozen=True)
class Image:
    """What is needed to run an image's process: where its files lie, what to call, what it sets."""

    directory: Path
    entrypoint: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    """What is passed to the entry point when the caller passes nothing (Docker's CMD)."""


class Images:
    """The images that have been published: URI → image."""

    def __init__(self) -> None:
        self._images: dict[str, Image] = {}

    def publish(self, uri: str, image: Image) -> None:
        """Make an image known under its URI."""
        self._images[uri] = image

    def __getitem__(self, uri: str) -> Image:
        """Return a published image; raises LineError for one that is not."""
        if uri not in self._images:
            known = ", ".join(sorted(self._images)) or "none"
            raise LineError(f"image {uri}: it has not been published, expected one of {known}: deploy its stack first")
        return self._images[uri]

    def __contains__(self, uri: str) -> bool:
        return uri in self._images


def read_image(directory: Path, dockerfile: str = "Dockerfile") -> Image:
    """Read what a Dockerfile says of the process to run.

    The last stage counts. ENTRYPOINT and CMD must be in exec form (a JSON list), because a shell form hides signals
    and what is called.
    """
    path = directory / dockerfile
    if not path.is_file():
        raise LineError(f"{path}: no such Dockerfile: name it where the image asset is declared")
    environment: dict[str, str] = {}
    entrypoint: list[str] = []
    command: list[str] = []
    workdir, root = "/", ""
    for keyword, rest in _instructions(path.read_text(encoding="utf-8")):
        if keyword == "FROM":
            environment, entrypoint, command, workdir, root = {}, [], [], "/", ""
        elif keyword == "ENV":
            environment |= _variables(rest)
        elif keyword == "WORKDIR":
            workdir = rest if rest.startswith("/") else f"{workdir.rstrip('/')}/{rest}"
        elif keyword in ("COPY", "ADD") and (copied := _copied_root(rest, workdir)):
            root = copied
        elif keyword == "ENTRYPOINT":
            entrypoint = _exec_form(path, keyword, rest)
        elif keyword == "CMD":
            command = _exec_form(path, keyword, rest)
    if not entrypoint:
        entrypoint, command = command[:1], command[1:]
    if not entrypoint:
        raise LineError(f'{path}: it has no ENTRYPOINT, expected one in exec form, such as ["python", "-m", "jobs"]')
    inside = workdir.removeprefix(root).strip("/") if root and workdir.startswith(root) else ""
    return Image(directory=directory / inside, entrypoint=entrypoint, environment=environment, command=command)


def _instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*$\n?", "", text, flags=re.MULTILINE))
    found = []
    for line in joined.splitlines():
        keyword, _, rest = line.strip().partition(" ")
        if keyword:
            found.append((keyword.upper(), rest.strip()))
    return found


def _variables(rest: str) -> dict[str, str]:
    if "=" not in rest.split(" ", 1)[0]:  # the old form, ENV NAME value
        name, _, value = rest.partition(" ")
        return {name: value.strip()}
    return dict(pair.split("=", 1) for pair in shlex.split(rest) if "=" in pair)


def _copied_root(rest: str, workdir: str) -> str:
    """Return where the whole build context is copied to, or nothing when only a part of it is."""
    words = [word for word in rest.split() if not word.startswith("--")]
    if len(words) != 2 or words[0] not in (".", "./"):
        return ""
    target = words[1] if words[1].startswith("/") else f"{workdir.rstrip('/')}/{words[1]}"
    return target.rstrip("/.") or "/"


def _exec_form(path: Path, keyword: str, rest: str) -> list[str]:
    try:
        words = json.loads(rest)
    except ValueError:
        words = None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise LineError(
            f'{path}: {keyword} {rest} is in shell form, expected exec form, such as {keyword} ["python", "-m", "jobs"]'
        )
    return words
