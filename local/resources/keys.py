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
    anew,
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
    if _rotates(properties):
        _rotate(site, key["KeyId"], properties)
    return {"Arn": key["Arn"], "KeyId": key["KeyId"]}


def _rotates(properties: Properties) -> bool:
    return str(properties.get("EnableKeyRotation", "false")).lower() == "true"


def _rotate(site: Site, key: str, properties: Properties) -> None:
    days = properties.get("RotationPeriodInDays")
    site.call("kms", "enable_key_rotation", KeyId=key, RotationPeriodInDays=days and int(days))


def _update(made: Made, properties: Properties) -> Answer:
    site = made.site
    if "KeyPolicy" in properties:
        site.call("kms", "put_key_policy", KeyId=made.ref, PolicyName="default", Policy=properties["KeyPolicy"])
    site.call("kms", "update_key_description", KeyId=made.ref, Description=properties.get("Description", ""))
    if _rotates(properties):
        _rotate(site, made.ref, properties)
    else:
        site.call("kms", "disable_key_rotation", KeyId=made.ref)
    return {}


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
        holds_data=True,
        update=_update,
    ),
    Kind(
        type="AWS::KMS::Alias",
        create=creating("kms", "create_alias"),
        ref=given("AliasName"),
        delete=deleting("kms", "delete_alias", AliasName=ref),
        update=anew(creating("kms", "create_alias"), deleting("kms", "delete_alias", AliasName=ref)),
    ),
]
