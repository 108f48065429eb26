"""The approval of a version by a person: what may be released because of it, and how its release is started."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from config.errors import LineError
from runtime import promotion, registry
from runtime.registry import Registered

APPROVED = "Approved"


def pattern(group: str) -> dict[str, Any]:
    """Return the EventBridge pattern of the approvals in a model package group."""
    return {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": [group], "ModelApprovalStatus": [APPROVED]},
    }


def chosen(
    *, dynamodb: Any, sagemaker: Any, ledger_table: str, line: str, model_package_arn: str
) -> tuple[Registered, Literal["release", "hold"]]:
    """Return the approved version, and whether it is to be released now or is the champion already.

    Raises LineError for one that is not approved, not this line's, was rolled back, or is stale: the champion is not
    the one that it was compared with. A stale one is rejected in the registry, since its comparison says nothing now.
    """
    package = registry.read(sagemaker, model_package_arn)
    subject = f"release: version {package.version}"
    if package.line != line:
        raise LineError(f"{subject} is of line {package.line!r}, expected line {line!r}: approve it there")
    champion = promotion.champion(dynamodb, ledger_table, line)
    if champion is not None and champion.artefact == package.artefact:
        return package, "hold"
    now = champion.version if champion else None
    if package.approval != APPROVED:
        if package.remark and package.remark == stale(package, now):  # an earlier attempt rejected it
            raise LineError(package.remark)
        raise LineError(
            f"{subject} is {package.approval}, expected {APPROVED}: "
            f"approve it with line approve {line} {package.version}"
        )
    if told := promotion.rolled_back(promotion.history(dynamodb, ledger_table, line), package.artefact):
        raise promotion.refused(package.version, told)
    if now != package.compared_with:
        message = stale(package, now)
        registry.reject(sagemaker, model_package_arn, message)
        raise LineError(message)
    return package, "release"


def stale(package: Registered, champion: int | None) -> str:
    """Return why an approval came too late."""
    then = "no champion" if package.compared_with is None else f"version {package.compared_with}"
    now = "there is none" if champion is None else f"the champion is version {champion}"
    return (
        f"release: version {package.version} was compared with {then}, but {now}: the approval came too late: "
        f"run the line again (`line run {package.line}`)"
    )


def start(*, stepfunctions: Any, sagemaker: Any, machine: str, line: str, event: Mapping[str, Any]) -> str:
    """Start the release of a version because of an event of SageMaker; return the execution's name, or nothing.

    The name comes from version and event, so that the same event again starts nothing. A version that its own run
    releases is left to that run.
    """
    package = registry.read(sagemaker, event["detail"]["ModelPackageArn"])
    if package.asked != "manual" or package.approval != APPROVED or package.line != line:
        return ""
    name = f"approve-{package.version}-{hashlib.sha256(event['id'].encode()).hexdigest()[:16]}"
    given = {"action": "approve", "line": line, "model_package_arn": package.model_package_arn}
    try:
        stepfunctions.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given))
    except stepfunctions.exceptions.ExecutionAlreadyExists:
        return ""
    return name
