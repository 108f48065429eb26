"""KMS: keys and aliases."""

from __future__ import annotations

from local.fidelity import Row
from local.resources.kinds import (
    Answer,
    Kind,
    Made,
    Properties,
    Site,
    accepting,
    answered,
    creating,
    deleting,
    given,
    ref,
)

FIDELITY = [
    Row("KMS", "keys and aliases", "approximated", "they exist and rotate on paper; key policies are not enforced"),
    Row("KMS", "signing and verifying with asymmetric keys", "real"),
]


def _create(site: Site, properties: Properties) -> Answer:
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", [])]
    key = site.call(
        "kms",
        "create_key",
        Policy=properties.get("KeyPolicy"),
        Description=properties.get("Description", ""),
        KeySpec=properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
        KeyUsage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
        MultiRegion=properties.get("MultiRegion"),
        Tags=tags,
    )["KeyMetadata"]
    if str(properties.get("EnableKeyRotation", "false")).lower() == "true":
        days = properties.get("RotationPeriodInDays")
        site.call("kms", "enable_key_rotation", KeyId=key["KeyId"], RotationPeriodInDays=days and int(days))
    return {"Arn": key["Arn"], "KeyId": key["KeyId"]}


def _delete(made: Made) -> None:
    days = made.properties.get("PendingWindowInDays", 30)
    made.site.call("kms", "schedule_key_deletion", KeyId=made.ref, PendingWindowInDays=days)


KINDS = [
    Kind(
        type="AWS::KMS::Key",
        create=_create,
        ref=answered("KeyId"),
        attributes={"Arn": answered("Arn"), "KeyId": answered("KeyId")},
        delete=_delete,
        accepts=accepting(
            "KeyPolicy",
            "Description",
            "KeySpec",
            "KeyUsage",
            "MultiRegion",
            "RotationPeriodInDays",
            "Tags",
            "EnableKeyRotation",
            "PendingWindowInDays",
        ),
        ignored=accepting("Enabled"),
    ),
    Kind(
        type="AWS::KMS::Alias",
        create=creating("kms", "create_alias"),
        ref=given("AliasName"),
        delete=deleting("kms", "delete_alias", AliasName=ref),
    ),
]
