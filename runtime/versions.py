"""A line's model versions as the registry and the ledger tell of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime import promotion

_MEASURED = "validation_"
_STATUS = {"PendingManualApproval": "pending", "Approved": "approved", "Rejected": "rejected"}


@dataclass(frozen=True)
class Version:
    """A registered model; ``status`` is pending, approved, rejected, production, rolled back, or former."""

    version: int
    status: str
    run: str
    variant: str
    created: str
    """ISO 8601, UTC."""
    artefact: str
    manifest_sha256: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Measured on the validation rows."""
    test: Mapping[str, float] = field(default_factory=dict)
    """Measured on the test rows; known of what was in production."""
    rolled_back: str = ""


def versions(sagemaker: Any, dynamodb: Any, *, group: str, table: str, line: str) -> list[Version]:
    """Return every version of the line's group, the newest first."""
    champion = promotion.champion(dynamodb, table, line)
    times = promotion.history(dynamodb, table, line)
    past = {time.champion.version: time.champion.metrics for time in times}
    if champion is not None:  # one from before there was a history is in none
        past[champion.version] = champion.metrics
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
    )
    found = [
        _version(
            sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"]),
            past,
            current=champion.version if champion else None,
            rolled_back={time.champion.version: told for time in times if (told := time.rolled_back)},
        )
        for page in pages
        for summary in page["ModelPackageSummaryList"]
    ]
    return sorted(found, key=lambda version: version.version, reverse=True)


def _version(
    package: Mapping[str, Any],
    past: Mapping[int, Mapping[str, float]],
    *,
    current: int | None,
    rolled_back: Mapping[int, str],
) -> Version:
    told = package.get("CustomerMetadataProperties", {})
    number = int(package["ModelPackageVersion"])
    if number == current:
        status = "production"
    elif number in rolled_back:
        status = "rolled back"
    elif number in past:
        status = "former"
    else:
        status = _STATUS.get(package["ModelApprovalStatus"], package["ModelApprovalStatus"])
    return Version(
        version=number,
        status=status,
        run=told.get("run", ""),
        variant=told.get("variant", ""),
        created=package["CreationTime"].isoformat(),
        artefact=told.get("artefact", ""),
        manifest_sha256=told.get("manifest_sha256", ""),
        metrics={
            name.removeprefix(_MEASURED): float(value) for name, value in told.items() if name.startswith(_MEASURED)
        },
        test=dict(past.get(number, {})),
        rolled_back=rolled_back.get(number, ""),
    )
