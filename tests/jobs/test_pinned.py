"""A branch's curation on the data of another environment, which moves on meanwhile."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from runtime import pins
from runtime.pinning import Origin, take
from tests.jobs.workshop import Workshop
from tests.moto_server import Aws
from tests.runtime.shop import LINE, bundle, orders

MORE = orders() + "99,2024-01-09 06:00,eve,3,true\n"


@pytest.fixture
def dev(aws: Aws) -> Workshop:
    dev = Workshop(aws)
    aws.client("s3").put_bucket_versioning(Bucket=dev.raw, VersioningConfiguration={"Status": "Enabled"})
    dev.deliver(orders())
    return dev


@pytest.fixture
def branch(aws: Aws, dev: Workshop) -> Workshop:
    """A branch's environment, with no file of its own, pinned to what dev has now."""
    branch = Workshop(aws, pins=pins.key_of("shop"))
    aws.client("s3").delete_object(Bucket=branch.raw, Key="shop/orders/orders.csv")
    pin(branch, dev)
    return branch


def pin(branch: Workshop, dev: Workshop, **source: Any) -> None:
    definition = {**LINE, "sources": {"orders": {**LINE["sources"]["orders"], **source}}}
    s3, origin = dev.aws.client("s3"), Origin("dev", dev.raw, dev.lake, dev.database)
    sources = bundle(definition=definition).definition.sources
    pins.write(s3, branch.lake, "shop", take(s3, origin, "shop", sources, dt.datetime.now(dt.UTC)).pins)


def test_what_moves_on_over_there_changes_nothing_until_it_is_pinned_again(dev: Workshop, branch: Workshop) -> None:
    _, first = branch.run("curate")
    before = branch.rows("orders")
    dev.deliver(MORE)
    _, second = branch.run("curate", "run-2", force=["curation"])
    assert branch.rows("orders") == before
    assert second.outputs["sources"] == first.outputs["sources"]
    pin(branch, dev)
    branch.run("curate", "run-3")
    assert len(branch.rows("orders")) == len(before) + 1


def test_the_receipt_names_the_version_that_was_read(dev: Workshop, branch: Workshop) -> None:
    dev.deliver(MORE)
    _, receipt = branch.run("curate")
    (read,) = receipt.outputs["sources"]["orders"]["objects"]
    versions = dev.aws.client("s3").list_object_versions(Bucket=dev.raw)["Versions"]
    etags = {one["VersionId"]: one["ETag"].strip('"') for one in versions if not one["IsLatest"]}
    pinned = next(version for version, etag in etags.items() if etag == read["etag"] and version != "null")
    assert (read["uri"], read["version"]) == (f"s3://{dev.raw}/shop/orders/orders.csv", pinned)


def test_a_version_that_is_gone_is_told_with_the_mend(dev: Workshop, branch: Workshop) -> None:
    s3 = dev.aws.client("s3")
    for one in s3.list_object_versions(Bucket=dev.raw)["Versions"]:
        s3.delete_object(Bucket=dev.raw, Key=one["Key"], VersionId=one["VersionId"])
    code, receipt = branch.run("curate")
    assert code == 65
    assert receipt.message.startswith(f"s3://{dev.raw}/shop/orders/orders.csv: version ")
    assert receipt.message.endswith(
        "which is pinned, is gone or may not be read, expected it to be kept: "
        "pin the environment again (`line env pin`)"
    )


@pytest.mark.thorough
def test_another_lines_table_is_read_over_there_as_it_was(dev: Workshop, branch: Workshop) -> None:
    """The shop's own orders, published in dev, stand for another line's table."""
    source = {"kind": "line", "line": "shop", "table": "orders"}
    dev.run("curate")
    published = dev.rows("orders")
    branch.stage(definition={**LINE, "sources": {"orders": {**LINE["sources"]["orders"], **source}}})
    pin(branch, dev, **source)
    dev.deliver(MORE)
    dev.run("curate", "run-2")
    code, receipt = branch.run("curate")
    assert (code, receipt.status) == (0, "succeeded")
    assert (len(dev.rows("orders")), len(branch.rows("orders"))) == (len(published) + 1, len(published))
