"""What is to befall the janitor: an environment of which no stack is left is removed by its tags."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from config import tags
from config.branches import environment_id
from tests.lambdas.faults import Case
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given

REF = "old/prices"
ID = environment_id(REF)
LASTING = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)


def orphaned(aws: Inside) -> Given:
    """A bucket with versions, a table and half an upload of a branch; beside them what dev owns."""
    topic, _ = aws.topic()
    for environment, ref in ((ID, REF), ("dev", "")):
        carried = {tags.PROJECT: tags.PROJECT_VALUE, tags.ENVIRONMENT: environment}
        carried |= {tags.REF: ref} if ref else {tags.PROTECTED: "true"}
        keep(aws, environment, [{"Key": key, "Value": value} for key, value in carried.items()])
    return Given(aws.environment(STANDING='["dev"]', MOST="3", TOPIC_ARN=topic), {}, LASTING)


def keep(aws: Inside, environment: str, carried: list[dict[str, str]]) -> None:
    s3, name = aws.client("s3"), f"bucket-{environment}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": carried})
    s3.put_object(Bucket=name, Key="day.csv", Body=b"1")
    if environment == ID:
        s3.delete_object(Bucket=name, Key="day.csv")
    s3.create_multipart_upload(Bucket=name, Key="half.csv")
    aws.client("dynamodb").create_table(
        TableName=f"table-{environment}",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        Tags=carried,
    )


def without_notice(found: dict[str, Any]) -> dict[str, Any]:
    """The notice is lost when the function dies before it is sent; the log has each deletion as it was made."""
    assert f"bucket-{ID}" not in found["s3"]
    assert f"table-{ID}" not in found["dynamodb"]
    assert {"bucket-dev"} <= found["s3"].keys()
    return {service: held for service, held in found.items() if service != "sqs"}


CASES = [Case("lambdas.janitor.tick", orphaned, answers=False, read=without_notice, thorough=True)]
