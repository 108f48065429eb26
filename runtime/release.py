"""The release station: gate, register, deploy and verify, joined by the run's receipts.

``release-gate`` keeps what the gate found until the station ends; ``release`` is the station's own receipt.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from botocore.exceptions import ClientError

from config.errors import LineError
from runtime import endpoint, gates, promotion, receipts, registry, signing
from runtime.endpoint import State
from runtime.gates import Decision
from runtime.paths import RunPaths
from runtime.promotion import Champion
from runtime.receipts import Receipt, Status
from runtime.registry import Registered


def gate(
    *,
    s3: Any,
    dynamodb: Any,
    paths: RunPaths,
    ledger_table: str,
    bars: Sequence[Mapping[str, Any]],
    metric: str,
    margin: float,
) -> dict[str, Any]:
    """Decide on what training chose, and end the station unless it is to be promoted.

    Everything was measured by training's evaluation, on the rows; ``bars`` are the line's gates as they are now.
    Raises LineError when the champion has changed since training compared the candidate with it.
    """
    trained = training(s3, paths)
    current = promotion.champion(dynamodb, ledger_table, paths.line)
    expected = _expected(trained)
    champion = trained["champion"]["metrics"] if trained["champion"] else None
    comparison = trained.get("comparison")
    if current is not None and current.artefact == trained["artefact"]:  # an earlier run released this very model
        champion, comparison = trained["metrics"], None
    elif (current.version if current else None) != expected:
        raise promotion.superseded(current, expected=expected)
    decision = gates.decide(
        line=paths.line,
        challenger=trained["metrics"],
        champion=champion,
        gates=bars,
        metric=metric,
        margin=margin,
        comparison=comparison,
        measured=trained,
    )
    _tell(s3, paths, decision, trained, current)
    return {
        "decision": decision.decision,
        "message": decision.message,
        "variant": trained["variant"],
        "artefact": trained["artefact"],
    }


def held(
    *, s3: Any, dynamodb: Any, paths: RunPaths, ledger_table: str, package: Registered
) -> Literal["release", "hold"]:
    """Say whether the run goes on to release its version; if not, end the station with the reason.

    A version that waits for approval leaves the champion in service, and one that was rejected or rolled back does so
    too. Where there is no champion, the first lets the run end early (``waiting``) and the second halts it.
    """
    rolled_back = promotion.rolled_back(promotion.history(dynamodb, ledger_table, paths.line), package.artefact)
    if package.approval == "Approved" and not rolled_back:
        return "release"
    current = promotion.champion(dynamodb, ledger_table, paths.line)
    stays = f"version {current.version} stays in production" if current else "nothing is in production yet"
    status: Status = "flagged" if current else "waiting"
    if package.approval == "PendingManualApproval":
        message = (
            f"release: version {package.version} waits for approval, {stays}: "
            f"line approve {paths.line} {package.version}"
        )
    else:
        status = "skipped" if current else "halted"
        what = f"rolled back {rolled_back}" if rolled_back else "rejected"
        remark = f" ({package.remark})" if package.remark and not rolled_back else ""
        message = (
            f"release: version {package.version} was {what}{remark}, {stays}: "
            f"train another with line run {paths.line} --force training"
        )
    kept = _outputs(current, role="champion") if current else {}
    outputs = {**kept, "waiting": package.version} if status in ("flagged", "waiting") else kept
    _write(s3, paths, status, _gated(s3, paths), message=message, outputs=outputs)
    return "hold"


def verify(
    *,
    s3: Any,
    dynamodb: Any,
    sagemaker: Any,
    kms: Any,
    paths: RunPaths,
    ledger_table: str,
    signing_key: str,
    endpoint_name: str,
    hosted: bool,
    model_package_arn: str,
    endpoint_config: str,
    approved: bool = False,
) -> dict[str, str]:
    """Look whether the endpoint serves the requested configuration; if so, make its model the champion.

    The status is ``Waiting``, ``InService`` or ``Failed``, the last with a message that is also in the receipt of a run
    that releases its own version (not ``approved`` by a person). The pointer moves last: until then readers of it have
    the last good model. Where no endpoint serves (not ``hosted``) there is nothing to wait for.
    """
    package = registry.read(sagemaker, model_package_arn)
    status, message = "InService", ""
    if hosted:
        found = endpoint.state(sagemaker, endpoint_name)
        status, message = judged(found, endpoint_name=endpoint_name, config=endpoint_config, version=package.version)
    if status == "Waiting":
        return {"status": status, "message": message}
    if status == "Failed":
        current = promotion.champion(dynamodb, ledger_table, paths.line)
        if current is not None and current.version not in (package.compared_with, package.version):
            message = str(promotion.superseded(current, expected=package.compared_with))
    if status == "InService":
        challenger = Champion(
            version=package.version,
            model_package_arn=model_package_arn,
            artefact=package.artefact,
            manifest_sha256=package.manifest_sha256,
            run=package.run,
            variant=package.variant,
            endpoint=endpoint_name if hosted else "",
            endpoint_config=endpoint_config,
            metrics=package.metrics,
            signature=package.signature,
        )
        try:
            _check_signature(kms, signing_key, package)
            _promote(dynamodb, ledger_table, package, challenger)
        except LineError as error:  # another was quicker, say: what is in production goes back into service
            status, message = "Failed", str(error)
            current = promotion.champion(dynamodb, ledger_table, paths.line)
            if hosted and current is not None:
                give_back(sagemaker, endpoint_name, current)
        else:
            _tell_released(s3, paths, challenger, approved=approved)
    if status == "Failed" and not approved:
        _write(s3, paths, "failed", _gated(s3, paths), message=message, outputs={})
    return {"status": status, "message": message}


def give_back(sagemaker: Any, endpoint_name: str, champion: Champion) -> None:
    """Put the champion's configuration back into service, unless somebody else's release is at the endpoint now."""
    try:
        endpoint.restore(sagemaker, endpoint_name, champion.endpoint_config)
    except LineError:  # it is busy
        return
    except ClientError as error:
        if not endpoint_is_busy(error):
            raise


def endpoint_is_busy(error: ClientError) -> bool:
    return "cannot update in-progress endpoint" in str(error).lower()


def _tell_released(s3: Any, paths: RunPaths, champion: Champion, *, approved: bool) -> None:
    """End the station of a run; an approval comes after the run, whose receipt then says what became of its version."""
    outputs = _outputs(champion, role="champion")
    if not approved:
        gated = _gated(s3, paths)
        _write(s3, paths, gated.status, gated, message="", outputs=outputs)
    elif ended := receipts.read(s3, paths, "release"):
        receipts.write(s3, paths, "release", replace(ended, status="succeeded", message="approved", outputs=outputs))


def _check_signature(kms: Any, signing_key: str, package: Registered) -> None:
    signing.verify(
        kms,
        signing_key,
        package.manifest_sha256,
        package.signature,
        line=package.line,
        run=package.run,
        variant=package.variant,
    )


def _promote(dynamodb: Any, ledger_table: str, package: Registered, challenger: Champion) -> None:
    by_hand = package.asked == "manual"
    promotion.promote(
        dynamodb,
        ledger_table,
        package.line,
        challenger,
        expected=package.compared_with,
        why=f"approval of version {package.version}" if by_hand else f"run {package.run}",
        who=(package.remark or "an approver") if by_hand else "the run",
    )


def judged(
    found: State | None, *, endpoint_name: str, config: str, version: int
) -> tuple[Literal["Waiting", "InService", "Failed"], str]:
    """Return what an endpoint's state means for a version that should be in service under a configuration.

    >>> judged(State("InService", "old"), endpoint_name="flights", config="new", version=2)[0]
    'Failed'
    """
    subject = f"release: version {version} is not in service on endpoint {endpoint_name!r}"
    mend = f"the champion stays; see the endpoint's log /aws/sagemaker/Endpoints/{endpoint_name}"
    if found is None:
        return "Failed", f"{subject}: the endpoint is gone: start the run again"
    if found.in_progress:
        return "Waiting", ""
    reason = f" ({found.reason.strip()})" if found.reason.strip() else ""
    if found.status != "InService":
        return "Failed", f"{subject}: it is {found.status}{reason}, expected InService: {mend}"
    if found.config != config:
        return (
            "Failed",
            f"{subject}: its update was rolled back to {found.config!r}{reason}: {mend}",
        )
    return "InService", ""


def training(s3: Any, paths: RunPaths) -> dict[str, Any]:
    """Return what training chose and measured."""
    receipt = receipts.read(s3, paths, "training")
    if receipt is None or receipt.status not in receipts.GOOD:
        raise LineError(
            f"release: s3://{paths.lake}/{paths.receipt('training')} is no receipt of a training that succeeded, "
            "expected the evaluation of the sweep: start the run again"
        )
    return receipt.outputs


def _expected(trained: Mapping[str, Any]) -> int | None:
    """The version of the champion that the candidate was compared with."""
    return int(trained["champion"]["version"]) if trained["champion"] else None


def _tell(s3: Any, paths: RunPaths, decision: Decision, trained: Mapping[str, Any], current: Champion | None) -> None:
    """Keep what the gate found; a run that releases nothing ends its station here."""
    warned: Status = "flagged" if decision.warned else "succeeded"
    gated = Receipt(
        station="release",
        status=warned,
        message=decision.message,
        inspections=decision.inspections,
        outputs={"decision": decision.decision, "at": _now().isoformat()},
    )
    receipts.write(s3, paths, "release-gate", gated)
    kept = _outputs(current, role="champion") if current else {}
    if decision.decision == "halt":
        refused = {"variant": trained["variant"], "metrics": trained["metrics"], "role": "challenger"}
        _write(s3, paths, "halted", gated, message=decision.message, outputs=refused)
    elif decision.decision == "keep":
        _write(s3, paths, "flagged" if decision.warned else "skipped", gated, message=decision.message, outputs=kept)


def _gated(s3: Any, paths: RunPaths) -> Receipt:
    found = receipts.read(s3, paths, "release-gate")
    if found is None:
        raise LineError("release: the gate left no receipt: start the run again")
    return found


def _write(
    s3: Any, paths: RunPaths, status: Status, gated: Receipt, *, message: str, outputs: Mapping[str, Any]
) -> None:
    began = dt.datetime.fromisoformat(gated.outputs["at"])
    receipt = Receipt(
        station="release",
        status=status,
        seconds=round((_now() - began).total_seconds(), 3),
        message=message,
        inspections=gated.inspections,
        outputs=dict(outputs),
    )
    receipts.write(s3, paths, "release", receipt)


def _outputs(champion: Champion, *, role: str) -> dict[str, Any]:
    return {
        "version": champion.version,
        "role": role,
        "variant": champion.variant,
        "artefact": champion.artefact,
        "endpoint": champion.endpoint,
        "endpoint_config": champion.endpoint_config,
        "model_package_arn": champion.model_package_arn,
        "metrics": dict(champion.metrics),
    }


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
