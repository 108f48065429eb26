"""Checkpoints: what a training saves of itself, so that another try goes on from there when its machine is lost.

A checkpoint is one object beside the variant's artefact, so it is there whole or not at all; its SHA-256 stands in its
metadata. Each save replaces the one that was seen last and no other: of two tries, the later wins.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from config.errors import LineError
from runtime.manifest import CHECKPOINT, Location

LARGEST = 5 * 1024**3
"""Bytes of an object that is put at once."""


@dataclass
class Store:
    """Where the checkpoint of one run and variant lies; ``attempt`` is which try this is, from 1."""

    s3: Any
    location: Location
    attempt: int
    _seen: str | None = None
    """ETag of the checkpoint that this try saved or restored."""

    @property
    def key(self) -> str:
        return f"{self.location.prefix.rstrip('/')}{CHECKPOINT}"

    def save(self, folder: Path) -> None:
        """Replace the checkpoint by the folder's content; raises LineError when a later try has taken over."""
        with tempfile.TemporaryFile() as body:
            with tarfile.open(fileobj=body, mode="w") as packing:
                packing.add(folder, arcname=".")
            if (size := body.tell()) > LARGEST:
                raise LineError(f"checkpoint: {size} bytes, expected at most {LARGEST}: keep less in its folder")
            body.seek(0)
            sha256 = hashlib.file_digest(body, "sha256").hexdigest()
            while True:
                body.seek(0)
                if self._put(body, sha256):
                    return

    def restore(self, folder: Path) -> bool:
        """Unpack the checkpoint into the folder; False when there is none. Raises LineError for a damaged one."""
        try:
            found = self.s3.get_object(Bucket=self.location.bucket, Key=self.key)
        except self.s3.exceptions.NoSuchKey:
            return False
        self._seen = found["ETag"]
        with tempfile.TemporaryFile() as body:
            shutil.copyfileobj(found["Body"], body)
            body.seek(0)
            if hashlib.file_digest(body, "sha256").hexdigest() != found["Metadata"].get("sha256"):
                raise LineError(f"checkpoint s3://{self.location.bucket}/{self.key} is not what was saved")
            body.seek(0)
            try:
                with tarfile.open(fileobj=body) as packed:
                    packed.extractall(folder, filter="data")
            except (tarfile.TarError, OSError) as error:
                raise LineError(f"checkpoint s3://{self.location.bucket}/{self.key} cannot be read: {error}") from None
        return True

    def remove(self) -> None:
        """Delete the checkpoint: the training has ended well."""
        self.s3.delete_object(Bucket=self.location.bucket, Key=self.key)

    def _put(self, body: Any, sha256: str) -> bool:
        """Put the object in place of the one that was seen; False when another one is now seen, to be tried again."""
        condition = {"IfMatch": self._seen} if self._seen else {"IfNoneMatch": "*"}
        place = {"Bucket": self.location.bucket, "Key": self.key}
        told = {"sha256": sha256, "attempt": str(self.attempt)}
        try:
            self._seen = self.s3.put_object(**place, Body=body, Metadata=told, **condition)["ETag"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
                raise
            return self._looked(place, told)
        return True

    def _looked(self, place: dict[str, str], told: dict[str, str]) -> bool:
        try:
            other = self.s3.head_object(**place)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            self._seen = None
            return False
        if int(other["Metadata"].get("attempt", 0)) > self.attempt:
            raise LineError(
                f"checkpoint s3://{place['Bucket']}/{place['Key']}: attempt {other['Metadata']['attempt']} saves it, "
                f"and this is attempt {self.attempt}, which was taken for lost: let it end"
            )
        self._seen = other["ETag"]
        return bool(other["Metadata"] == told)  # the answer to the very same request was lost


@dataclass
class Checkpoints:
    """What ``train`` uses as ``dataset.checkpoints``; without a store, outside a job, nothing is kept."""

    store: Store | None = None
    given: Path | None = None
    restored: bool = False
    """Whether the folder holds what an earlier try saved."""
    saved: int = 0
    warning: str = ""
    """Why what an earlier try saved could not be restored."""

    @cached_property
    def folder(self) -> Path:
        """Where ``train`` keeps what it needs to go on: empty, or as an earlier try last saved it."""
        return self.given or Path(tempfile.mkdtemp(prefix="checkpoints-"))

    @classmethod
    def of(cls, store: Store, folder: Path, warn: Callable[[str], object] | None = None) -> Checkpoints:
        """Return the checkpoints of a job's try; what cannot be restored is left aside, with a warning."""
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(store=store, given=folder)
        try:
            made.restored = store.restore(folder)
        except LineError as error:
            shutil.rmtree(folder)
            folder.mkdir()
            made.warning = f"{error}: training begins anew"
            (warn or _tell)(made.warning)
        return made

    def save(self) -> None:
        """Keep the folder as it is now, in place of what was kept before."""
        if self.store is not None:
            self.store.save(self.folder)
        self.saved += 1

    def done(self) -> None:
        """Forget them: the training has ended well."""
        if self.store is not None and (self.restored or self.saved or self.warning):
            self.store.remove()


def _tell(warning: str) -> None:
    print(warning, file=sys.stderr)
