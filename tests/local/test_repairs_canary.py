"""Canaries: each fails as soon as stock moto no longer needs the repair, which can then go."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.local.test_message_moves import move
from tests.local.test_repairs import (
    an_item,
    attach_a_managed_policy,
    commit_twice_from_one_version,
    log_before_the_policy,
    put_under_a_tls_policy,
)


@pytest.mark.parametrize(
    ("service", "need"),
    [("s3", put_under_a_tls_policy), ("iam", attach_a_managed_policy), ("s3", log_before_the_policy)],
)
@pytest.mark.xfail(strict=True, raises=ClientError, reason="stock moto needs the repair")
def test_stock_moto_no_longer_needs_the_repair(service: str, need: Any) -> None:
    create: Any = boto3.client
    with mock_aws():
        need(create(service, region_name="us-east-1"))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="stock moto needs the repair")
def test_stock_moto_no_longer_hands_out_an_items_own_attributes() -> None:
    item = an_item()
    assert item.describe_attrs()["Item"] is not item.attrs


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="stock moto needs the repair")
def test_stock_moto_no_longer_loses_a_commit() -> None:
    create: Any = boto3.client
    with mock_aws():
        commit_twice_from_one_version(create("glue", region_name="us-east-1"))


@pytest.mark.xfail(strict=True, raises=NotImplementedError, reason="stock moto needs the repair")
def test_stock_moto_no_longer_lacks_message_move_tasks() -> None:
    create: Any = boto3.client
    with mock_aws():
        assert move(create("sqs", region_name="us-east-1")) == ["a", "b"]
