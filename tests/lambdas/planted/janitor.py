"""Canaries in the names and contents of what the janitor deletes."""

from __future__ import annotations

from config import tags
from tests.lambdas.canaries import TEXT, Canary
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given
from tests.lambdas.tables.janitor import ID, LASTING, REF


def orphaned(aws: Inside) -> Given:
    """A bucket of a branch in which a person's name is the key of an object and its content."""
    topic, _ = aws.topic()
    s3, name = aws.client("s3"), f"bucket-{ID}"
    carried = {tags.PROJECT: tags.PROJECT_VALUE, tags.ENVIRONMENT: ID, tags.REF: REF}
    s3.create_bucket(Bucket=name)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in carried.items()]})
    s3.put_object(Bucket=name, Key=f"raw/{TEXT}.csv", Body=TEXT.encode())
    s3.create_multipart_upload(Bucket=name, Key=f"raw/{TEXT}.parquet")
    return Given(aws.environment(STANDING='["dev"]', MOST="3", TOPIC_ARN=topic), {}, LASTING)


CASES = [Canary("lambdas.janitor.tick", orphaned, thorough=True)]
