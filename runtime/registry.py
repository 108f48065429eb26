"""The model registry: one model package per model that passed its gates, in the line's group.

A package's metadata say all that its release needs: whose model it is, its signature, and the champion with which it
was compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from config.errors import LineError
from runtime import manifest, signing
from runtime.manifest import Location, Manifest

Approval = Literal["Approved", "PendingManualApproval", "Rejected"]
LONGEST_REMARK = 1024
_NONE = "none"


@dataclass(frozen=True)
class Registered:
    """A model package, and the archive that its containers unpack."""

    model_package_arn: str
    version: int
    model_data: str
    artefact: str
    manifest_sha256: str
    signature: str
    approval: str
    line: str
    run: str
    """The run that made the model."""
    variant: str
    compared_with: int | None
    """The version of the champion that it was compared with; None when there was none."""
    asked: str
    """``automatic`` when its own run releases it, ``manual`` when an approval does."""
    remark: str
    """What was said at the last change of its approval."""
    metrics: Mapping[str, float]
    """On the held-out test rows."""


def register(
    *,
    s3: Any,
    sagemaker: Any,
    kms: Any,
    signing_key: str,
    group: str,
    image: str,
    trained: Mapping[str, Any],
    approval: str,
) -> Registered:
    """Register what training chose and return its package; a model that has one already gets the same again.

    Raises LineError when the artefact is not the one that was evaluated.
    """
    location, expected = Location.of(trained["artefact"]), trained["manifest_sha256"]
    found = manifest.read(s3, location)
    if found is None or found[1] != expected:
        what = "is missing" if found is None else "is not the one that was evaluated"
        raise LineError(f"release: {location.uri}{manifest.NAME} {what}: start the run again")
    made = found[0]
    arn = _known(sagemaker, group, _description(made))
    if arn is None:
        champion = trained["champion"]
        signature = signing.sign(kms, signing_key, expected, line=made.line, run=made.run, variant=made.variant)
        told = {
            "line": made.line,
            "run": made.run,
            "variant": made.variant,
            "artefact": location.uri,
            "manifest_sha256": expected,
            "signature": signature,
            "compared_with": str(champion["version"]) if champion else _NONE,
            "approval": approval,
            **_figures("validation", made.metrics),
            **_figures("test", trained["metrics"]),
        }
        status: Approval = "Approved" if approval == "automatic" else "PendingManualApproval"
        arn = _created(sagemaker, group=group, image=image, location=location, made=made, told=told, status=status)
    return read(sagemaker, arn)


def read(sagemaker: Any, arn: str) -> Registered:
    """Return a package by its ARN; raises LineError for one that is unknown or that no line registered."""
    try:
        package = sagemaker.describe_model_package(ModelPackageName=arn)
    except ClientError as error:
        if "does not exist" not in str(error) and "could not find" not in str(error).lower():
            raise
        raise LineError(
            f"release: model package {arn!r} is unknown, expected a registered version: see `aws sagemaker "
            "list-model-packages`"
        ) from None
    told = package.get("CustomerMetadataProperties", {})
    try:
        return Registered(
            model_package_arn=package["ModelPackageArn"],
            version=int(package["ModelPackageArn"].rsplit("/", 1)[1]),
            model_data=package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"],
            artefact=told["artefact"],
            manifest_sha256=told["manifest_sha256"],
            signature=told.get("signature", ""),
            approval=package["ModelApprovalStatus"],
            line=told["line"],
            run=told["run"],
            variant=told["variant"],
            compared_with=None if told.get("compared_with", _NONE) == _NONE else int(told["compared_with"]),
            asked=told.get("approval", "automatic"),
            remark=package.get("ApprovalDescription") or "",
            metrics={
                name.removeprefix("test_"): float(value) for name, value in told.items() if name.startswith("test_")
            },
        )
    except KeyError as error:
        raise LineError(
            f"release: model package {arn!r} says no {error.args[0]!r}, expected one that a run registered: "
            "let a run register the model"
        ) from None


def reject(sagemaker: Any, arn: str, remark: str) -> None:
    """Mark a package as one that is not to be released; doing it again changes nothing."""
    sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription=remark[:LONGEST_REMARK]
    )


def _figures(where: str, metrics: Mapping[str, Any]) -> dict[str, str]:
    """Return metrics as a package keeps them: at most 20 of 50 properties, each a text."""
    numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
    return {f"{where}_{name}": repr(float(value)) for name, value in list(numbers.items())[:20]}


def _description(made: Manifest) -> str:
    """How a package tells whose it is; the list of packages shows it, so that no package need be described."""
    return f"run {made.run}, variant {made.variant}"


def _known(sagemaker: Any, group: str, description: str) -> str | None:
    """Return the package of an earlier attempt, or of an earlier run with this very model: it is among the newest."""
    newest = sagemaker.list_model_packages(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending", MaxResults=100
    )["ModelPackageSummaryList"]
    return next(
        (package["ModelPackageArn"] for package in newest if package.get("ModelPackageDescription") == description),
        None,
    )


def _created(
    sagemaker: Any,
    *,
    group: str,
    image: str,
    location: Location,
    made: Manifest,
    told: Mapping[str, str],
    status: Approval,
) -> str:
    arn: str = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelPackageDescription=_description(made),
        InferenceSpecification={
            "Containers": [{"Image": image, "ModelDataUrl": f"s3://{location.bucket}/{location.archive}"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        ModelApprovalStatus=status,
        CustomerMetadataProperties=dict(told),
        # the same request twice within SageMaker's window is one package, should two attempts overlap
        ClientToken=hashlib.sha256(f"{group} {made.run} {made.variant}".encode()).hexdigest()[:36],
    )["ModelPackageArn"]
    return arn
