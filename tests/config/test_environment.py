from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.environment import Environment
from config.job_size import JobSize
from config.keys import Keys


@pytest.mark.parametrize(("vcpu", "memory_mb"), [(1, 2048), (2, 16384), (4, 9216), (16, 122880)])
def test_a_job_may_have_what_fargate_offers(vcpu: int, memory_mb: int) -> None:
    assert JobSize.model_validate({"vcpu": vcpu, "memory_mb": memory_mb}).memory_mb == memory_mb


@pytest.mark.parametrize(
    ("vcpu", "memory_mb", "message"),
    [
        (1, 16384, "memory_mb: 16384 does not go with 1 vcpu, expected 2048 to 8192 in steps of 1024"),
        (8, 17000, "memory_mb: 17000 does not go with 8 vcpu, expected 16384 to 61440 in steps of 4096"),
    ],
)
def test_a_size_that_fargate_does_not_offer_is_told_with_those_it_does(vcpu: int, memory_mb: int, message: str) -> None:
    with pytest.raises(ValidationError) as told:
        JobSize.model_validate({"vcpu": vcpu, "memory_mb": memory_mb})
    assert str(told.value.errors()[0]["ctx"]["error"]) == message


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        (None, "docs/runbooks/"),
        ("https://wiki.example.com/runbooks", "https://wiki.example.com/runbooks/"),
        ("https://wiki.example.com/", "https://wiki.example.com/"),
    ],
)
def test_runbooks_lie_where_they_are_published_or_in_the_repository(given: str | None, folder: str) -> None:
    said = {"name": "dev", "account": "123456789012", "region": "eu-central-1", "retain_data": False}
    assert Environment.model_validate({**said, "runbooks": given}).runbook_folder == folder


PRIVATE = {
    "name": "prod",
    "account": "222222222222",
    "region": "eu-central-1",
    "retain_data": True,
    "network": {"vpc_only": True},
    "endpoint": {"kind": "instance"},
}
DATABASE = {"engine": "postgresql", "host": "db.example.com", "database": "d", "secret": "s"}


def refused(**changed: object) -> str:
    with pytest.raises(ValidationError) as told:
        Environment.model_validate({**PRIVATE, **changed})
    return str(told.value.errors()[0]["ctx"]["error"])


def test_an_environment_without_internet_is_taken_as_it_should_be() -> None:
    assert Environment.model_validate(PRIVATE).network.vpc_only
    lists = {"s3": "pl-0a", "dynamodb": "pl-0b"}
    elsewhere = {"region": "ap-south-1", "network": {"vpc_only": True, "prefix_lists": lists}}
    assert Environment.model_validate({**PRIVATE, **elsewhere}).network.lists("ap-south-1").s3 == "pl-0a"


def test_what_cannot_do_without_the_internet_is_told_with_its_mend() -> None:
    assert refused(endpoint={"kind": "serverless"}) == (
        "endpoint.kind: SageMaker puts no serverless endpoint into a VPC, which network.vpc_only asks for, "
        "expected instance or none: change one of them"
    )
    assert refused(connections={"registry": DATABASE}) == (
        "connections.registry.network: missing, and network.vpc_only leaves jobs no other way to a database: "
        "add subnet, security_groups and availability_zone of a VPC from which it is reached"
    )
    assert refused(region="ap-south-1") == (
        "network.prefix_lists: missing, and those of region 'ap-south-1' are not known here, expected s3 and "
        "dynamodb: add what `aws ec2 describe-managed-prefix-lists` says"
    )
    assert refused(tracking={"mlflow": "https://mlflow.example.com"}) == (
        "tracking: a tracking server is not reached with network.vpc_only: remove one of them"
    )


def test_an_existing_key_is_rotated_by_its_keeper() -> None:
    with pytest.raises(ValidationError) as told:
        Keys.model_validate({"existing": "arn:aws:kms:eu-central-1:222222222222:key/a1", "rotation_days": 90})
    assert str(told.value.errors()[0]["ctx"]["error"]) == (
        "rotation_days: the existing key is rotated by whoever keeps it: remove it"
    )
