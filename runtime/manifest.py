"""The manifest of a model artefact: written last, it names every file's SHA-256 and where the model comes from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from config.errors import LineError
from config.metrics import Task

NAME = "manifest.json"
CHECKPOINT = ".checkpoint.tar"
"""Ends the key of what an unfinished training saved, beside the folder that its artefact will be."""
Format = Literal["skops", "lightgbm", "xgboost", "onnx"]
MODELS: Mapping[Format, str] = {
    "skops": "model.skops",
    "lightgbm": "model.txt",
    "xgboost": "model.json",
    "onnx": "model.onnx",
}
"""The model's file by its format."""
ENCODING, REFERENCE = "encoding.json", "reference.json"


@dataclass(frozen=True)
class Manifest:
    line: str
    run: str
    variant: str
    files: Mapping[str, str]
    """File name -> SHA-256 of its content."""
    dataset: Mapping[str, Any]
    """Snapshot ids and fingerprint of the data it was trained on."""
    code: Mapping[str, str]
    """Fingerprints of the line's bundle and of its train.py."""
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    """Measured on the validation rows."""
    columns: tuple[str, ...]
    task: Task = "binary"
    """What it answers. A manifest from before there was a choice says nothing: its model is binary."""
    format: Format = "skops"
    """How the model is kept; a manifest that says nothing is from before there was a choice."""
    curves: Mapping[str, list[float]] = field(default_factory=dict)
    """What ``train`` told of its progress: name -> values in the order of their steps."""

    @property
    def model(self) -> str:
        """Name of the model's file."""
        return MODELS[self.format]

    @property
    def names(self) -> tuple[str, ...]:
        """Every file of the artefact beside the manifest; there are no others."""
        return (self.model, ENCODING, REFERENCE)

    def encoded(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, default=str).encode()


@dataclass(frozen=True)
class Location:
    """A folder in S3.

    >>> Location.of("s3://models/flights/run-1/deep/").key("manifest.json")
    'flights/run-1/deep/manifest.json'
    """

    bucket: str
    prefix: str

    @classmethod
    def of(cls, uri: str) -> Location:
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        return cls(bucket=bucket, prefix=f"{prefix.rstrip('/')}/")

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def archive(self) -> str:
        """Key of the same files as one archive, beside the folder: what SageMaker unpacks into its containers."""
        return f"{self.prefix.rstrip('/')}.tar.gz"

    def key(self, name: str) -> str:
        return f"{self.prefix}{name}"


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def parse(body: bytes, where: str) -> Manifest:
    """Return the manifest; raises LineError when it is not one."""
    try:
        given = json.loads(body)
        found = Manifest(**{**given, "columns": tuple(given["columns"])})
        found.model  # noqa: B018 (a format that nobody knows is a KeyError)
    except (ValueError, TypeError, KeyError):
        expected = ", ".join(one.name for one in fields(Manifest))
        raise LineError(
            f"model artefact {where}: {NAME} is not a manifest, expected a JSON object of {expected}: train again"
        ) from None
    return found


def read(s3: Any, location: Location) -> tuple[Manifest, str] | None:
    """Return an artefact's manifest and its SHA-256, or None where none was written: the artefact is not complete."""
    try:
        body = s3.get_object(Bucket=location.bucket, Key=location.key(NAME))["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    return parse(body, location.uri), digest(body)
