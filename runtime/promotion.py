"""The champion: the pointer in the ledger table to the model version in service, moved by compare-and-swap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from config.errors import LineError

CHAMPION = "CHAMPION"


@dataclass(frozen=True)
class Champion:
    """A model version in service; ``version`` is its number in the model package group."""

    version: int
    model_package_arn: str
    artefact: str
    """URI of its folder."""
    manifest_sha256: str
    """What its manifest must hash to: who reads the artefact trusts nothing else."""
    run: str
    variant: str
    endpoint: str
    endpoint_config: str
    metrics: Mapping[str, float]


def champion(dynamodb: Any, table: str, line: str) -> Champion | None:
    """Return the champion, or None before the line's first release."""
    item = dynamodb.get_item(TableName=table, Key=_key(line), ConsistentRead=True).get("Item")
    if item is None:
        return None
    texts = {name: value["S"] for name, value in item.items() if "S" in value and name not in ("pk", "sk")}
    metrics = {name: float(value["N"]) for name, value in item["metrics"]["M"].items()}
    return Champion(version=int(item["version"]["N"]), metrics=metrics, **texts)


def promote(dynamodb: Any, table: str, line: str, challenger: Champion, *, expected: int | None) -> None:
    """Make the challenger champion if the champion is still version ``expected`` (None: there is none).

    Of two promoters that expect the same version exactly one succeeds; the other gets a LineError. Doing it again
    changes nothing.
    """
    condition = {"ConditionExpression": "attribute_not_exists(pk)"}
    if expected is not None:
        condition = {
            "ConditionExpression": "version = :expected",
            "ExpressionAttributeValues": {":expected": {"N": str(expected)}},  # type: ignore[dict-item]
        }
    try:
        dynamodb.put_item(TableName=table, Item=_item(line, challenger), **condition)
    except dynamodb.exceptions.ConditionalCheckFailedException:
        current = champion(dynamodb, table, line)
        if current != challenger:
            raise superseded(current, expected=expected) from None


def superseded(current: Champion | None, *, expected: int | None) -> LineError:
    """Return the error of a run whose comparison was with a champion that is none any more."""
    now = f"version {current.version} of run {current.run!r}" if current else "none"
    then = f"version {expected}" if expected is not None else "none"
    return LineError(
        f"release: the champion is {now}, expected {then}, "
        f"which this run's model was compared with: start the run again"
    )


def _key(line: str) -> dict[str, Any]:
    return {"pk": {"S": f"LINE#{line}"}, "sk": {"S": CHAMPION}}


def _item(line: str, champion: Champion) -> dict[str, Any]:
    values = asdict(champion)
    metrics = {name: {"N": repr(value)} for name, value in values.pop("metrics").items()}
    version = values.pop("version")
    texts = {name: {"S": value} for name, value in values.items()}
    return {**_key(line), **texts, "version": {"N": str(version)}, "metrics": {"M": metrics}}
