"""A model artefact in S3 as it must be before it goes into service: complete, unchanged, signed, and of this line."""

from __future__ import annotations

import hashlib
from typing import Any

from config.errors import LineError
from runtime import manifest as manifests
from runtime import signing
from runtime.manifest import Location, Manifest

_AT_ONCE = 1024 * 1024
"""Bytes that are read at once: a model may be larger than a function's memory."""


def check(
    *, s3: Any, kms: Any, signing_key: str, line: str, artefact: str, manifest_sha256: str, signature: str
) -> Manifest:
    """Return the artefact's manifest; raises LineError unless every file is what the signed manifest says."""
    location = Location.of(artefact)
    found = manifests.read(s3, location)
    if found is None:
        raise LineError(
            f"model artefact {location.uri}: {manifests.NAME} is missing, so it was not uploaded whole, "
            "expected a sealed artefact: run the line again"
        )
    manifest, sha256 = found
    if sha256 != manifest_sha256:
        raise _changed(location, manifests.NAME, manifest_sha256)
    if manifest.line != line:
        raise LineError(
            f"model artefact {location.uri}: it is of line {manifest.line!r}, expected line {line!r}: "
            "release the line's own model"
        )
    signing.verify(kms, signing_key, sha256, signature, line=line, run=manifest.run, variant=manifest.variant)
    for name, expected in manifest.files.items():
        if _sha256(s3, location, name) != expected:
            raise _changed(location, name, expected)
    return manifest


def _sha256(s3: Any, location: Location, name: str) -> str | None:
    try:
        body = s3.get_object(Bucket=location.bucket, Key=location.key(name))["Body"]
    except s3.exceptions.NoSuchKey:
        return None
    digest = hashlib.sha256()
    while chunk := body.read(_AT_ONCE):
        digest.update(chunk)
    return digest.hexdigest()


def _changed(location: Location, name: str, expected: str) -> LineError:
    return LineError(
        f"model artefact {location.uri}: {name} is not the file that was saved, expected SHA-256 {expected[:12]}…: "
        "it was changed after training; run the line again"
    )
