"""A line's model versions as the registry and the ledger tell of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime import promotion

_HISTORY = "PRODUCTION#"
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
    past = _history(dynamodb, table, line)
    if champion is not None:
        past[champion.version] = {**past.get(champion.version, {}), "metrics": champion.metrics, "rolled_back": ""}
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
    )
    found = [
        _version(
            sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"]),
            past,
            current=champion.version if champion else None,
        )
        for page in pages
        for summary in page["ModelPackageSummaryList"]
    ]
    return sorted(found, key=lambda version: version.version, reverse=True)


def _version(package: Mapping[str, Any], past: Mapping[int, Mapping[str, Any]], current: int | None) -> Version:
    told = package.get("CustomerMetadataProperties", {})
    number = int(package["ModelPackageVersion"])
    times = past.get(number)
    if number == current:
        status = "production"
    elif times and times["rolled_back"]:
        status = "rolled back"
    elif times:
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
        test=dict(times["metrics"]) if times else {},
        rolled_back=times["rolled_back"] if times else "",
    )


def _history(dynamodb: Any, table: str, line: str) -> dict[int, dict[str, Any]]:
    """Return the versions that were in production: their test metrics, and whether one was rolled back."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :line AND begins_with(sk, :history)",
        ExpressionAttributeValues={":line": {"S": f"LINE#{line}"}, ":history": {"S": _HISTORY}},
        ConsistentRead=True,
    )
    found: dict[int, dict[str, Any]] = {}
    for page in pages:
        for item in page["Items"]:
            if "version" in item:
                metrics = {name: float(value["N"]) for name, value in item.get("metrics", {}).get("M", {}).items()}
                told = item.get("rolled_back", {}).get("S", "")
                known = found.get(int(item["version"]["N"]), {"rolled_back": ""})
                found[int(item["version"]["N"])] = {"metrics": metrics, "rolled_back": told or known["rolled_back"]}
    return found
