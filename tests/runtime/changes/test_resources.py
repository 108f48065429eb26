from __future__ import annotations

import pytest

from runtime.changes.properties import Path
from runtime.changes.replacement import Replaced
from tests.runtime.changes.templates import Json, changed, resource, template


def told(before: Json, after: Json) -> list[tuple[str, str, str]]:
    return [(one.logical_id, one.kind, one.replaced) for one in changed(before, after)]


def test_what_is_the_same_has_no_change() -> None:
    same = template(Lake=resource("S3::Bucket", BucketName="a"))
    assert changed(same, same) == []


def test_a_resource_comes_and_goes() -> None:
    before, after = template(Old=resource("S3::Bucket")), template(New=resource("S3::Bucket"))
    assert told(before, after) == [("New", "added", "no"), ("Old", "removed", "no")]


def test_a_new_type_under_an_old_name_is_two_changes() -> None:
    before, after = template(One=resource("S3::Bucket")), template(One=resource("SQS::Queue"))
    assert told(before, after) == [("One", "added", "no"), ("One", "removed", "no")]


@pytest.mark.parametrize(
    ("kind", "before", "after", "replaced", "paths"),
    [
        ("S3::Bucket", {"BucketName": "a"}, {"BucketName": "b"}, "yes", [("BucketName",)]),
        ("S3::Bucket", {"Tags": [1]}, {"Tags": [2]}, "no", [("Tags",)]),
        ("S3::Bucket", {"BucketName": "a"}, {}, "yes", [("BucketName",)]),
        ("DynamoDB::Table", {"KeySchema": [1]}, {"KeySchema": [2]}, "maybe", [("KeySchema",)]),
        (
            "Batch::ComputeEnvironment",
            {"ComputeResources": {"Subnets": ["a"], "MaxvCpus": 1}},
            {"ComputeResources": {"Subnets": ["b"], "MaxvCpus": 1}},
            "maybe",
            [("ComputeResources", "Subnets")],
        ),
        (
            "Batch::ComputeEnvironment",
            {"ComputeResources": {"MaxvCpus": 1}},
            {"ComputeResources": {"MaxvCpus": 2}},
            "no",
            [("ComputeResources", "MaxvCpus")],
        ),
        ("Nobody::Knows", {"A": 1}, {"A": 2}, "maybe", [("A",)]),
    ],
)
def test_a_property_that_cannot_change_in_place_replaces(
    kind: str, before: Json, after: Json, replaced: Replaced, paths: list[Path]
) -> None:
    (change,) = changed(template(One=resource(kind, **before)), template(One=resource(kind, **after)))
    assert (change.replaced, list(change.properties)) == (replaced, paths)


def test_a_replacement_replaces_what_refers_to_it_where_that_cannot_change() -> None:
    def made(name: str) -> Json:
        return template(
            Lake=resource("S3::Bucket", BucketName=name),
            Policy=resource("S3::BucketPolicy", Bucket={"Ref": "Lake"}),
            Reader=resource("IAM::Policy", PolicyDocument={"Resource": {"Fn::GetAtt": ["Lake", "Arn"]}}),
        )

    assert told(made("a"), made("b")) == [("Lake", "changed", "yes"), ("Policy", "changed", "yes")]


def test_a_replacement_spreads_from_one_to_the_next_and_stops_at_a_circle() -> None:
    def made(name: str) -> Json:
        return template(
            A=resource("S3::Bucket", BucketName={"Fn::Sub": "${B}"}, Tag=name),
            B=resource("S3::Bucket", BucketName={"Fn::Join": ["", [{"Ref": "C"}]]}),
            C=resource("S3::Bucket", BucketName={"Fn::If": ["Real", {"Ref": "A"}, name]}),
        )

    assert told(made("a"), made("b")) == [(name, "changed", "yes") for name in "ABC"]


def test_a_policy_of_deletion_is_a_change_that_replaces_nothing() -> None:
    before = template(Lake=resource("S3::Bucket", "Retain"))
    (change,) = changed(before, template(Lake=resource("S3::Bucket", "Delete")))
    assert (change.properties, change.replaced) == ((("DeletionPolicy",), ("UpdateReplacePolicy",)), "no")
