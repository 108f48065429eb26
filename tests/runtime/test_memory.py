"""The small AWS in memory answers as moto does, where releases ask."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.moto_server import Aws
from tests.runtime.memory import S3, DynamoDB, Kms, SageMaker

PK = {"S": "LINE#flights"}
PACKAGE = {
    "InferenceSpecification": {
        "Containers": [{"Image": "serve:1", "ModelDataUrl": "s3://models/model.tar.gz"}],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    },
    "ModelApprovalStatus": "PendingManualApproval",
}


def told(call: Callable[[], Any]) -> Any:
    """Return what a call answers, or the name of its error."""
    try:
        return call()
    except ClientError as error:
        return error.response["Error"]["Code"]


def write(table: str, sort: str, number: int, expected: int | None) -> dict[str, Any]:
    """Put an item whose number must still be the expected one, or that must not exist."""
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if expected is not None:
        condition = {
            "ConditionExpression": "version = :version AND attribute_not_exists(production)",
            "ExpressionAttributeValues": {":version": {"N": str(expected)}},
        }
    item = {"pk": PK, "sk": {"S": sort}, "version": {"N": str(number)}}
    return {"Put": {"TableName": table, "Item": item, **condition}}


def mark(table: str, sort: str) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": table,
            "Key": {"pk": PK, "sk": {"S": sort}},
            "UpdateExpression": "SET rolled_back = :told",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": {":told": {"S": "now"}},
        }
    }


def test_transactions_and_queries_are_dynamodbs(aws: Aws) -> None:
    table, chance = aws.table("pk", "sk"), random.Random(0)
    clients: list[Any] = [aws.client("dynamodb"), DynamoDB()]
    sorts = [f"PRODUCTION#{number}" for number in range(4)] + ["CHAMPION"]
    outcomes = set()
    for _ in range(60):
        chosen = chance.sample(sorts, 2)
        expected = chance.choice([None, None, 0, 1, 2])
        writes = [write(table, chosen[0], chance.randrange(3), expected)]
        writes += [mark(table, chosen[1])] if chance.random() < 0.5 else []
        answers = [told(partial(_written, client, writes)) for client in clients]
        assert answers[0] == answers[1]
        outcomes.add(answers[0])
        items = [_items(client, table) for client in clients]
        assert items[0] == items[1]
    assert outcomes == {"written", "TransactionCanceledException"}


def _written(client: Any, writes: list[dict[str, Any]]) -> str:
    client.transact_write_items(TransactItems=writes)
    return "written"


def _items(client: Any, table: str) -> list[Any]:
    found: list[Any] = client.query(
        TableName=table,
        KeyConditionExpression="pk = :line AND begins_with(sk, :production)",
        ExpressionAttributeValues={":line": PK, ":production": {"S": "PRODUCTION#"}},
        ConsistentRead=True,
    )["Items"]
    key = {"pk": PK, "sk": {"S": "CHAMPION"}}
    return [*found, client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")]


def test_objects_are_s3s(aws: Aws) -> None:
    bucket = aws.bucket()
    clients: list[Any] = [aws.client("s3"), S3()]
    for client in clients:
        with pytest.raises(client.exceptions.NoSuchKey):
            client.get_object(Bucket=bucket, Key="a")
        client.put_object(Bucket=bucket, Key="a", Body=b"abc")
        assert client.get_object(Bucket=bucket, Key="a")["Body"].read(2) == b"ab"


def test_signatures_are_kms(aws: Aws) -> None:
    real = aws.client("kms")
    key = real.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    for client in (real, Kms()):
        asked = {"KeyId": key, "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"}
        signature = client.sign(Message=b"m", **asked)["Signature"]
        assert client.verify(Message=b"m", Signature=signature, **asked)["SignatureValid"]
        assert _is_refused(client, Message=b"n", Signature=signature, **asked)


def _is_refused(client: Any, **asked: Any) -> bool:
    try:
        return not client.verify(**asked)["SignatureValid"]
    except client.exceptions.KMSInvalidSignatureException:
        return True


def test_packages_are_sagemakers(aws: Aws) -> None:
    real = aws.client("sagemaker")
    real.create_model_package_group(ModelPackageGroupName="memory")
    clients: list[Any] = [real, SageMaker(load=lambda _: None)]
    seen = []
    for client in clients:
        arn = client.create_model_package(
            ModelPackageGroupName="memory", ClientToken="t" * 36, CustomerMetadataProperties={"run": "run-1"}, **PACKAGE
        )["ModelPackageArn"]
        client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="by ann")
        package = client.describe_model_package(ModelPackageName=arn)
        (listed,) = client.list_model_packages(
            ModelPackageGroupName="memory", SortBy="CreationTime", SortOrder="Descending", MaxResults=100
        )["ModelPackageSummaryList"]
        missing = told(partial(client.describe_model_package, ModelPackageName=f"{arn}0"))
        seen.append(
            (
                arn.rsplit(":", 1)[1],
                package["ModelApprovalStatus"],
                package["ApprovalDescription"],
                listed["ModelApprovalStatus"],
                missing in ("ValidationException", "ValidationError"),
            )
        )
    assert seen[0] == seen[1]
