"""``line approve``: a person lets a version that waits into production, or rejects it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cli.progress import Progress
from cli.releasing import Desk, acting, desk, me, tell
from config.errors import LineError
from config.loading import ROOT
from runtime import promotion
from runtime.promotion import Champion
from runtime.registry import LONGEST_REMARK

PENDING = "PendingManualApproval"
_SECONDS_FOR_THE_START = 30.0


def approve_version(
    line: str, version: int, *, reject: bool, by: str | None, comment: str, as_json: bool, root: Path = ROOT
) -> int:
    """Decide on a version and, when it is approved, follow its release; returns the exit status."""
    at = desk(line, root)
    remark = remark_of(me(by), comment)
    began = time.monotonic()
    what = f"{'reject' if reject else 'approve'} version {version}"
    with Progress() as progress, acting(at, me(by), what):
        champion = decide(at, version, reject=reject, remark=remark, phase=progress.phase)
    seconds = time.monotonic() - began
    told: dict[str, Any] = {"line": line, "version": version, "status": "rejected" if reject else "approved"}
    told["remark"] = remark
    if champion is None:
        tell(told, f"{line}: version {version} is rejected {remark}", as_json=as_json)
        return 0
    told |= {"production": champion.production, "endpoint_config": champion.endpoint_config}
    told |= {"seconds": round(seconds, 3)}
    tell(told, f"{line}: version {version} is in production, approved {remark}, in {seconds:.1f} s", as_json=as_json)
    return 0


def decide(at: Desk, version: int, *, reject: bool, remark: str, phase: Callable[[str], None]) -> Champion | None:
    """Decide on a version and, when it is approved, follow its release to its end.

    Returns what is in production then, None for a rejection; raises LineError when it could not be decided or released.
    """
    arn = waiting(at, version)
    known = set(executions(at, version))
    at.client("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected" if reject else "Approved", ApprovalDescription=remark
    )
    if reject:
        return None
    phase(f"version {version} of {at.line} is approved, it is being released")
    at.follow(started(at, version, known))
    champion = promotion.champion(at.client("dynamodb"), at.ledger, at.line)
    if champion is None or champion.version != version:
        raise LineError(
            f"release: version {version} was released, but another release followed at once: "
            "see what is in production under LINE#<line> in the ledger"
        )
    return champion


def remark_of(who: str, comment: str) -> str:
    """Return what a decision is remarked with, cut to what the registry keeps."""
    return f"by {who}{f': {comment}' if comment else ''}"[:LONGEST_REMARK]


def waiting(at: Desk, version: int) -> str:
    """Return the package of a version that waits for approval; raises LineError for another one."""
    packages = _packages(at)
    pending = [str(number) for number, package in packages.items() if package["ModelApprovalStatus"] == PENDING]
    now = f"waiting are {', '.join(pending)}" if pending else "none is waiting"
    if version not in packages:
        raise LineError(
            f"release: version {version} of line {at.line!r} is unknown, expected one that waits for approval "
            f"({now}): choose one of them"
        )
    status = packages[version]["ModelApprovalStatus"]
    if status != PENDING:
        raise LineError(
            f"release: version {version} of line {at.line!r} is {status}, expected one that waits for approval "
            f"({now}): choose one of them or run the line again"
        )
    arn: str = packages[version]["ModelPackageArn"]
    return arn


def executions(at: Desk, version: int) -> dict[str, str]:
    """Return the releases of a version that approvals started: name → ARN."""
    pages = at.client("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=at.machine)
    found = [execution for page in pages for execution in page["executions"]]
    return {one["name"]: one["executionArn"] for one in found if one["name"].startswith(f"approve-{version}-")}


def started(at: Desk, version: int, known: set[str]) -> str:
    """Return the release that the approval's event starts, once it has."""
    deadline = time.monotonic() + _SECONDS_FOR_THE_START
    while time.monotonic() < deadline:
        for name, arn in executions(at, version).items():
            if name not in known:
                return arn
        time.sleep(0.1)
    raise LineError(
        f"release: version {version} is approved, but no release of it began within {_SECONDS_FOR_THE_START:.0f} s: "
        "see the log of the function lambdas.release.approved"
    )


def _packages(at: Desk) -> dict[int, Mapping[str, Any]]:
    pages = at.client("sagemaker").get_paginator("list_model_packages")
    found = pages.paginate(ModelPackageGroupName=at.outputs["ModelPackageGroup"])
    packages = [package for page in found for package in page["ModelPackageSummaryList"]]
    return {package["ModelPackageVersion"]: package for package in sorted(packages, key=_version)}


def _version(package: Mapping[str, Any]) -> int:
    return int(package["ModelPackageVersion"])
