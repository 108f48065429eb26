"""``line card``: the model card of a version, saved as a page of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cli.plan import running
from cli.running import check_line
from config.errors import LineError
from config.loading import ROOT
from runtime import promotion
from runtime.manifest import Location
from runtime.paths import card_of


def save_card(line: str, version: int | None, *, out: Path | None, as_json: bool, root: Path = ROOT) -> int:
    """Write the card of a version, of the one in service when none is given, and print its path; returns the status."""
    check_line(line, root)
    site = running()
    found = card(line, version, outputs=site.outputs(line), client=site.client)
    path = out or Path(f"{line}-version-{found.version}.html")
    path.write_bytes(found.page)
    if as_json:
        told = {"line": line, "version": found.version, "path": str(path.resolve()), "card": found.uri}
        print(json.dumps(told, indent=2))
    else:
        print(path)
    return 0


@dataclass(frozen=True)
class Found:
    """A version's card: its page, and where it lies."""

    version: int
    page: bytes
    uri: str


def card(line: str, version: int | None, *, outputs: Mapping[str, str], client: Callable[[str], Any]) -> Found:
    """Return the card of a version, of the one in service when none is given; raises LineError when there is none."""
    current = promotion.champion(client("dynamodb"), outputs["LedgerTable"], line)
    if current is not None and version in (None, current.version):
        version, artefact = current.version, current.artefact
    elif version is not None:
        artefact = _artefact(client("sagemaker"), outputs["ModelPackageGroup"], line, version)
    else:
        raise LineError(f"line {line!r} has no version in service: let a run pass its gates (`line run {line}`)")
    place = Location.of(artefact)
    key = card_of(place.prefix)
    return Found(version, _read(client("s3"), place.bucket, key, line, version), f"s3://{place.bucket}/{key}")


def _artefact(sagemaker: Any, group: str, line: str, version: int) -> str:
    """Return where a registered version's artefact lies."""
    try:
        whole = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
        arn = whole.replace(":model-package-group/", ":model-package/")
        package = sagemaker.describe_model_package(ModelPackageName=f"{arn}/{version}")
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
            raise
        raise LineError(
            f"line {line!r} has no version {version}, expected one that was registered: "
            "leave the version out for the one in service"
        ) from None
    archive: str = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    return archive.removesuffix(".tar.gz")


def _read(s3: Any, bucket: str, key: str, line: str, version: int) -> bytes:
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        raise LineError(
            f"version {version} of line {line!r} has no model card (s3://{bucket}/{key} is missing): "
            f"train it again with `line run {line} --force training`"
        ) from None
    return body
