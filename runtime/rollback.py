"""Back to the version that was in production before: its configuration first, then the pointer."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from config.errors import LineError
from runtime import endpoint, promotion, registry, sealed
from runtime.promotion import Champion, Production
from runtime.release import endpoint_is_busy, give_back, judged


def target(dynamodb: Any, ledger_table: str, line: str, *, number: int = 0) -> tuple[Champion, Production]:
    """Return what is in production and what a rollback leads to.

    ``number`` is the time in production that is to be ended, 0 for the present one. Raises LineError when there is
    nothing to go back to, or when production has moved on since.
    """
    current = promotion.champion(dynamodb, ledger_table, line)
    if current is None:
        raise LineError(f"release: line {line!r} has nothing in production, so there is nothing to roll back: run it")
    if number and current.production != number:
        raise promotion.moved_on(current, number=number)
    found = promotion.former(promotion.history(dynamodb, ledger_table, line), current)
    if found is None:
        raise LineError(
            f"release: version {current.version} of line {line!r} has no version before it that was in production and "
            f"was not rolled back itself, so there is nothing to go back to: release another with `line run {line}`"
        )
    return current, found


def begin(
    *,
    s3: Any,
    dynamodb: Any,
    sagemaker: Any,
    kms: Any,
    line: str,
    ledger_table: str,
    signing_key: str,
    endpoint_name: str,
    hosted: bool,
    number: int = 0,
) -> dict[str, Any]:
    """Ask for the former version's configuration and return what verify is to look for.

    That is ``{"number", "to", "run", "version", "model_package_arn", "endpoint_config"}``.

    Raises LineError for a former version that is not what was signed, or that cannot be put back into service now.
    """
    current, before = target(dynamodb, ledger_table, line, number=number)
    former = before.champion
    sealed.check(
        s3=s3,
        kms=kms,
        signing_key=signing_key,
        line=line,
        artefact=former.artefact,
        manifest_sha256=former.manifest_sha256,
        signature=former.signature,
    )
    if hosted:
        _put_back(sagemaker, endpoint_name, former)
    return {
        "number": current.production,
        "to": before.number,
        "run": former.run,
        "model_package_arn": former.model_package_arn,
        "version": former.version,
        "endpoint_config": former.endpoint_config if hosted else "",
    }


def settle(
    *,
    dynamodb: Any,
    sagemaker: Any,
    line: str,
    ledger_table: str,
    endpoint_name: str,
    hosted: bool,
    number: int,
    to: int,
    version: int,
    endpoint_config: str,
    who: str,
) -> dict[str, str]:
    """Look whether the former version is in service; if so, move the pointer, and reject the version that it replaces.

    The status is ``Waiting``, ``InService`` or ``Failed``, the last with a message.
    """
    status, message = "InService", ""
    if hosted:
        found = endpoint.state(sagemaker, endpoint_name)
        status, message = judged(found, endpoint_name=endpoint_name, config=endpoint_config, version=version)
    if status != "InService":
        return {"status": status, "message": message}
    try:
        promotion.roll_back(dynamodb, ledger_table, line, number=number, to=to, who=who)
    except LineError as error:  # somebody else was quicker: what they put into production goes back into service
        current = promotion.champion(dynamodb, ledger_table, line)
        if hosted and current is not None:
            give_back(sagemaker, endpoint_name, current)
        return {"status": "Failed", "message": str(error)}
    ended = next(one for one in promotion.history(dynamodb, ledger_table, line) if one.number == number)
    registry.reject(sagemaker, ended.champion.model_package_arn, f"rolled back {ended.rolled_back}")
    return {"status": "InService", "message": ""}


def _put_back(sagemaker: Any, endpoint_name: str, former: Champion) -> None:
    subject = f"release: version {former.version} cannot be put back into service on endpoint {endpoint_name!r}"
    if not former.endpoint_config:
        raise LineError(f"{subject}: it was in production without an endpoint: run the line again")
    busy = LineError(
        f"{subject}: another release is changing it, expected InService: wait until it is and roll back again"
    )
    found = endpoint.state(sagemaker, endpoint_name)
    if found is None:
        raise LineError(f"{subject}: the endpoint is gone: run the line again")
    if found.in_progress and found.pending != former.endpoint_config:  # an earlier attempt may have asked for it
        raise busy
    try:
        endpoint.restore(sagemaker, endpoint_name, former.endpoint_config)
    except LineError:
        raise busy from None
    except ClientError as error:
        if endpoint_is_busy(error):
            raise busy from None
        if "could not find" not in str(error).lower():
            raise
        raise LineError(
            f"{subject}: its configuration {former.endpoint_config!r} is gone: run the line again"
        ) from None
