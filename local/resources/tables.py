"""DynamoDB: tables, and global tables of one replica."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from config.errors import LineError
from local.fidelity import Row
from local.resources.kinds import Answer, Kind, Made, Properties, Site, accepting, answered, deleting, given, ref
from local.resources.naming import Name

FIDELITY = [
    Row("DynamoDB", "tables, indexes, conditional writes, streams, limits", "real", "moto"),
    Row("DynamoDB", "time to live, backups, replicas", "absent", "settings are stored; nothing expires"),
]

_PASSED = (
    "TableName",
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "DeletionProtectionEnabled",
    "TableClass",
    "Tags",
)
_CHANGED = ("BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled", "TableClass")
_INDEXED = ("AttributeDefinitions", "GlobalSecondaryIndexes")
_KEPT = ("TimeToLiveSpecification", "PointInTimeRecoverySpecification")
_NAME = Name("TableName", pattern=r"[a-zA-Z0-9_.-]{3,255}")
_ATTRIBUTES = {"Arn": answered("Arn"), "StreamArn": answered("StreamArn"), "TableId": answered("TableId")}


def _create(site: Site, properties: Properties) -> Answer:
    parameters: dict[str, Any] = {name: properties[name] for name in _PASSED if name in properties}
    if "StreamSpecification" in properties:
        view = properties["StreamSpecification"]["StreamViewType"]
        parameters["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    if "SSESpecification" in properties:
        sse = properties["SSESpecification"]
        parameters["SSESpecification"] = {("Enabled" if name == "SSEEnabled" else name): sse[name] for name in sse}
    table = site.call("dynamodb", "create_table", **parameters)["TableDescription"]
    _keep(site, properties)
    optional = {"StreamArn": table.get("LatestStreamArn", ""), "TableId": table.get("TableId", "")}
    return {"Arn": table["TableArn"], **optional}


def _keep(site: Site, properties: Properties) -> None:
    """Set how long items live and how the table can be recovered."""
    name = properties["TableName"]
    live = properties.get("TimeToLiveSpecification")
    if live and str(live.get("Enabled", "true")).lower() == "true":
        site.call("dynamodb", "update_time_to_live", TableName=name, TimeToLiveSpecification={**live, "Enabled": True})
    if "PointInTimeRecoverySpecification" in properties:
        recovery = properties["PointInTimeRecoverySpecification"]
        site.call("dynamodb", "update_continuous_backups", TableName=name, PointInTimeRecoverySpecification=recovery)


def _update(made: Made, properties: Properties) -> Answer:
    """Change how a table is billed and guarded, its global indexes, recovery and time to live; else LineError."""
    site, name = made.site, properties["TableName"]
    changed = {key for key in {*made.given, *properties} if made.given.get(key) != properties.get(key)}
    if strange := sorted(changed - {*_CHANGED, *_INDEXED, *_KEPT, "Tags"}):
        where = f"stack {site.stack}, resource {site.logical_id}"
        raise LineError(f"{where}: the embedded AWS cannot change {strange[0]} of a table: start a fresh embedded AWS")
    own = {key: properties[key] for key in _CHANGED if key in changed and key in properties}
    if own:
        site.call("dynamodb", "update_table", TableName=name, **own)
    if "GlobalSecondaryIndexes" in changed:
        _index(made, properties)
    _keep(site, {key: value for key, value in properties.items() if key in changed} | {"TableName": name})
    return {}


def _index(made: Made, properties: Properties) -> None:
    """Add or remove one global index, as much as AWS takes in one update."""
    was, wanted = (
        {index["IndexName"]: index for index in given.get("GlobalSecondaryIndexes", [])}
        for given in (made.given, properties)
    )
    where = f"stack {made.site.stack}, resource {made.site.logical_id}"
    for index in sorted(was.keys() & wanted.keys()):
        if was[index] != wanted[index]:
            raise LineError(f"{where}: index {index!r} cannot be changed: give it another name")
    changes: list[dict[str, Any]] = [{"Delete": {"IndexName": index}} for index in sorted(was.keys() - wanted.keys())]
    changes += [{"Create": wanted[index]} for index in sorted(wanted.keys() - was.keys())]
    if len(changes) > 1:
        raise LineError(
            f"{where}: {len(changes)} global indexes come or go, expected one at most in an update: "
            "deploy one after another"
        )
    made.site.call(
        "dynamodb",
        "update_table",
        TableName=properties["TableName"],
        AttributeDefinitions=properties["AttributeDefinitions"],
        GlobalSecondaryIndexUpdates=changes,
    )


def _update_global(made: Made, properties: Properties) -> Answer:
    return _update(replace(made, given=_flat(made.site, made.given)), _flat(made.site, properties))


def _create_global(site: Site, properties: Properties) -> Answer:
    return _create(site, _flat(site, properties))


def _flat(site: Site, properties: Properties) -> Properties:
    """Return a global table of one replica as the table that it is."""
    replicas = properties["Replicas"]
    if len(replicas) != 1 or replicas[0].get("Region", site.region) != site.region:
        raise LineError(
            f"stack {site.stack}, resource {site.logical_id}: a table with replicas in other regions is not "
            f"supported by the embedded AWS, expected one replica in {site.region}"
        )
    replica = {name: value for name, value in replicas[0].items() if name != "Region"}
    sse = {**properties.get("SSESpecification", {}), **replica.pop("SSESpecification", {})}
    flat = {name: value for name, value in properties.items() if name not in ("Replicas", "SSESpecification")}
    if strange := sorted(set(replica) - {"Tags", *_PASSED, "PointInTimeRecoverySpecification"}):
        raise LineError(f"stack {site.stack}, resource {site.logical_id}: {strange[0]} of a replica is not supported")
    return {**flat, **replica, **({"SSESpecification": sse} if sse else {})}


KINDS = [
    Kind(
        type="AWS::DynamoDB::Table",
        name=_NAME,
        create=_create,
        ref=given("TableName"),
        attributes=_ATTRIBUTES,
        delete=deleting("dynamodb", "delete_table", TableName=ref),
        accepts=accepting(
            *_PASSED,
            "StreamSpecification",
            "SSESpecification",
            "TimeToLiveSpecification",
            "PointInTimeRecoverySpecification",
        ),
        ignored=accepting("ContributorInsightsSpecification", "ResourcePolicy"),
        holds_data=True,
        update=_update,
    ),
    Kind(
        type="AWS::DynamoDB::GlobalTable",
        name=_NAME,
        create=_create_global,
        ref=given("TableName"),
        attributes=_ATTRIBUTES,
        delete=deleting("dynamodb", "delete_table", TableName=ref),
        accepts=accepting(*_PASSED, "Replicas", "StreamSpecification", "SSESpecification", "TimeToLiveSpecification"),
        ignored=accepting(
            "Replicas.ContributorInsightsSpecification",
            "WriteOnDemandThroughputSettings",
            "Replicas.ReadOnDemandThroughputSettings",
        ),
        holds_data=True,
        update=_update_global,
    ),
]
