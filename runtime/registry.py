"""The model registry: one model package per released run, in the line's group."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from config.errors import LineError
from runtime import manifest
from runtime.manifest import Location


@dataclass(frozen=True)
class Registered:
    """A model package, and the archive that its containers unpack."""

    model_package_arn: str
    version: int
    model_data: str
    artefact: str
    manifest_sha256: str


def register(
    *, s3: Any, sagemaker: Any, group: str, image: str, location: Location, run: str, manifest_sha256: str
) -> Registered:
    """Register a run's candidate and return its package; a run that has one already gets the same again.

    Raises LineError when the artefact is not the one that was evaluated.
    """
    found = manifest.read(s3, location)
    if found is None or found[1] != manifest_sha256:
        what = "is missing" if found is None else "is not the one that was evaluated"
        raise LineError(f"release: {location.uri}{manifest.NAME} {what}: start the run again")
    arn = _known(sagemaker, group, _description(run, found[0].variant)) or _created(
        sagemaker, group=group, image=image, location=location, manifest=found[0], sha256=found[1]
    )
    return Registered(
        model_package_arn=arn,
        version=int(arn.rsplit("/", 1)[1]),
        model_data=f"s3://{location.bucket}/{location.archive}",
        artefact=location.uri,
        manifest_sha256=found[1],
    )


def _description(run: str, variant: str) -> str:
    """How a package tells whose it is; the list of packages shows it, so that no package need be described."""
    return f"run {run}, variant {variant}"


def _known(sagemaker: Any, group: str, description: str) -> str | None:
    """Return the package of an earlier attempt: it is among the newest."""
    newest = sagemaker.list_model_packages(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending", MaxResults=100
    )["ModelPackageSummaryList"]
    return next(
        (package["ModelPackageArn"] for package in newest if package.get("ModelPackageDescription") == description),
        None,
    )


def _created(
    sagemaker: Any, *, group: str, image: str, location: Location, manifest: manifest.Manifest, sha256: str
) -> str:
    arn: str = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelPackageDescription=_description(manifest.run, manifest.variant),
        InferenceSpecification={
            "Containers": [{"Image": image, "ModelDataUrl": f"s3://{location.bucket}/{location.archive}"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={
            "line": manifest.line,
            "run": manifest.run,
            "variant": manifest.variant,
            "artefact": location.uri,
            "manifest_sha256": sha256,
            **{f"validation_{name}": f"{value:.6f}" for name, value in manifest.metrics.items()},
        },
        # the same request twice within SageMaker's window is one package, should two attempts overlap
        ClientToken=hashlib.sha256(f"{group} {manifest.run} {manifest.variant}".encode()).hexdigest()[:36],
    )["ModelPackageArn"]
    return arn
