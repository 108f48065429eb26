"""``line card``: the model card of a version, saved as a page of its own."""

from __future__ import annotations

import json
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
    ledger = site.outputs(line)["LedgerTable"]
    current = promotion.champion(site.client("dynamodb"), ledger, line)
    if current is None:
        raise LineError(f"line {line!r} has no version in service: let a run pass its gates (`line run {line}`)")
    wanted = current.version if version is None else version
    group = current.model_package_arn.rpartition("/")[0]
    artefact = (
        current.artefact if wanted == current.version else _artefact(site.client("sagemaker"), group, line, wanted)
    )
    place = Location.of(artefact)
    path = out or Path(f"{line}-version-{wanted}.html")
    path.write_bytes(_read(site.client("s3"), place.bucket, card_of(place.prefix), line, wanted))
    uri = f"s3://{place.bucket}/{card_of(place.prefix)}"
    if as_json:
        print(json.dumps({"line": line, "version": wanted, "path": str(path.resolve()), "card": uri}, indent=2))
    else:
        print(path)
    return 0


def _artefact(sagemaker: Any, group: str, line: str, version: int) -> str:
    """Return where a registered version's artefact lies."""
    try:
        package = sagemaker.describe_model_package(ModelPackageName=f"{group}/{version}")
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
