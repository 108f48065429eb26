"""The model registry keeps its promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.server import EmbeddedAws

SPECIFICATION = {
    "Containers": [{"Image": "serve:1", "ModelDataUrl": "s3://models/model.tar.gz"}],
    "SupportedContentTypes": ["application/json"],
    "SupportedResponseMIMETypes": ["application/json"],
}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def group(aws: EmbeddedAws, request: pytest.FixtureRequest) -> str:
    name: str = request.node.name.replace("_", "-")[:60].strip("-")
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    return name


def register(aws: EmbeddedAws, group: str, **more: Any) -> str:
    arn: str = aws.client("sagemaker").create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION, **more
    )["ModelPackageArn"]
    return arn


def versions(aws: EmbeddedAws, group: str) -> list[int]:
    listed = aws.client("sagemaker").list_model_packages(ModelPackageGroupName=group, SortBy="CreationTime")
    return [package["ModelPackageVersion"] for package in listed["ModelPackageSummaryList"]]


def test_a_new_version_waits_for_approval(aws: EmbeddedAws, group: str) -> None:
    described = aws.client("sagemaker").describe_model_package(ModelPackageName=register(aws, group))
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == "s3://models/model.tar.gz"


def test_a_deleted_version_is_never_given_again(aws: EmbeddedAws, group: str) -> None:
    first = register(aws, group)
    register(aws, group)
    aws.client("sagemaker").delete_model_package(ModelPackageName=first)
    register(aws, group)
    assert versions(aws, group) == [2, 3]


def test_a_client_token_creates_once(aws: EmbeddedAws, group: str) -> None:
    assert register(aws, group, ClientToken="run-1" * 8) == register(aws, group, ClientToken="run-1" * 8)
    assert versions(aws, group) == [1]


def test_an_update_keeps_what_it_does_not_name(aws: EmbeddedAws, group: str) -> None:
    sagemaker = aws.client("sagemaker")
    arn = register(aws, group, CustomerMetadataProperties={"run": "run-1"}, ModelApprovalStatus="Approved")
    sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"role": "champion"})
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["CustomerMetadataProperties"] == {"run": "run-1", "role": "champion"}


def test_a_group_is_not_created_twice(aws: EmbeddedAws, group: str) -> None:
    sagemaker = aws.client("sagemaker")
    with pytest.raises(sagemaker.exceptions.ClientError, match="Model Package Group already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName=group)


def test_only_an_empty_group_is_deleted(aws: EmbeddedAws, group: str) -> None:
    sagemaker = aws.client("sagemaker")
    arn = register(aws, group)
    with pytest.raises(sagemaker.exceptions.ConflictException):
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(sagemaker.exceptions.ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)
