from __future__ import annotations

from typing import Any

import pytest

from runtime.changes.data import risks
from tests.runtime.changes.templates import Json, changed, resource, template


def told(before: Json, after: Json) -> list[tuple[str, bool, str]]:
    found = risks(before, after, changed(before, after))
    return [(risk.what, risk.lost, risk.because) for risk in found]


@pytest.mark.parametrize(("policy", "lost"), [("Retain", False), ("RetainExceptOnCreate", False), ("Delete", True)])
def test_a_removed_bucket_is_lost_unless_its_policy_keeps_it(policy: str, lost: bool) -> None:
    before = template(Lake=resource("S3::Bucket", policy))
    assert told(before, template()) == [
        ("DELETE", lost, f"it is no longer in the template, DeletionPolicy {policy}"),
    ]


@pytest.mark.parametrize(("policy", "lost"), [("Retain", False), (None, True)])
def test_a_replaced_bucket_is_lost_unless_its_policy_keeps_it(policy: str | None, lost: bool) -> None:
    before, after = (template(Lake=resource("S3::Bucket", policy, BucketName=name)) for name in "ab")
    assert told(before, after) == [
        ("REPLACE", lost, f"BucketName changed, UpdateReplacePolicy {policy or 'Delete'}"),
    ]


def test_a_replacement_that_is_not_sure_is_told_as_possible() -> None:
    before, after = (template(Table=resource("DynamoDB::Table", KeySchema=[name])) for name in "ab")
    assert told(before, after) == [("REPLACE", True, "possibly: KeySchema changed, UpdateReplacePolicy Delete")]


def test_a_database_without_a_policy_leaves_a_snapshot() -> None:
    before = template(Store=resource("RDS::DBCluster"))
    assert told(before, template()) == [("DELETE", False, "it is no longer in the template, DeletionPolicy Snapshot")]


def test_what_holds_no_data_is_no_risk() -> None:
    assert told(template(Role=resource("IAM::Role", RoleName="a")), template()) == []


@pytest.mark.parametrize(
    ("kind", "before", "after", "because"),
    [
        (
            "S3::Bucket",
            {"VersioningConfiguration": {"Status": "Enabled"}},
            {"VersioningConfiguration": {"Status": "Suspended"}},
            "VersioningConfiguration.Status Enabled becomes Suspended",
        ),
        (
            "DynamoDB::Table",
            {"DeletionProtectionEnabled": True},
            {},
            "DeletionProtectionEnabled True becomes None",
        ),
        ("Logs::LogGroup", {"RetentionInDays": 90}, {"RetentionInDays": 30}, "RetentionInDays 90 becomes 30"),
        ("Logs::LogGroup", {}, {"RetentionInDays": 30}, "RetentionInDays for ever becomes 30"),
    ],
)
def test_what_would_be_less_well_kept_is_told(
    kind: str, before: dict[str, Any], after: dict[str, Any], because: str
) -> None:
    found = told(template(One=resource(kind, **before)), template(One=resource(kind, **after)))
    assert found == [("LESS KEPT", False, because)]
    assert told(template(One=resource(kind, **after)), template(One=resource(kind, **before))) == []


def test_a_policy_that_keeps_no_more_is_told() -> None:
    before, after = (template(Lake=resource("S3::Bucket", policy)) for policy in ("Retain", "Delete"))
    assert [because for _, _, because in told(before, after)] == [
        "DeletionPolicy Retain becomes Delete",
        "UpdateReplacePolicy Retain becomes Delete",
    ]
