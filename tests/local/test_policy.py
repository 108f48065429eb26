"""IAM's decision: effects, wildcards, conditions."""

from __future__ import annotations

from typing import Any

import pytest

from local.policy import decide, statements

OBJECT = "arn:aws:s3:::lake/runs/a.json"


def verdict(
    *entries: dict[str, Any], action: str = "s3:GetObject", resource: str | None = OBJECT, **context: Any
) -> str:
    keys = {name.replace("_", ":", 1).lower(): value for name, value in context.items()}
    return decide(statements({"Statement": list(entries)}), action, resource, keys)


def entry(effect: str = "Allow", action: Any = "s3:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("arn:aws:s3:::lake/*", "allowed"),
        ("arn:aws:s3:::lake/runs/?.json", "allowed"),
        ("arn:aws:s3:::lake", "silent"),
        ("arn:aws:s3:::LAKE/*", "silent"),
        (["arn:aws:s3:::other/*", "arn:aws:s3:::lake/runs/*"], "allowed"),
    ],
)
def test_a_resource_matches_by_wildcards_and_case(pattern: Any, expected: str) -> None:
    assert verdict(entry(resource=pattern)) == expected


@pytest.mark.parametrize(
    ("action", "expected"), [("S3:getobject", "allowed"), ("s3:Get*", "allowed"), ("s3:PutObject", "silent")]
)
def test_an_action_matches_whatever_its_case(action: str, expected: str) -> None:
    assert verdict(entry(action=action)) == expected


def test_a_deny_wins() -> None:
    assert verdict(entry(), entry("Deny", resource="arn:aws:s3:::lake/runs/*")) == "denied"


def test_not_action_and_not_resource_exclude() -> None:
    everything_but = {"Effect": "Allow", "NotAction": "s3:Delete*", "NotResource": "arn:aws:s3:::lake/secret/*"}
    assert verdict(everything_but) == "allowed"
    assert verdict(everything_but, action="s3:DeleteObject") == "silent"
    assert verdict(everything_but, resource="arn:aws:s3:::lake/secret/x") == "silent"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, "allowed"),
        ({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}, "allowed"),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, "silent"),
        ({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}, "allowed"),
        ({"StringLike": {"aws:RequestedRegion": "us-*"}}, "allowed"),
        ({"StringNotLike": {"aws:RequestedRegion": "us-*"}}, "silent"),
        ({"StringEquals": {"aws:Unknown": "x"}}, "silent"),
        ({"StringEqualsIfExists": {"aws:Unknown": "x"}}, "allowed"),
        ({"StringNotEquals": {"aws:Unknown": "x"}}, "allowed"),
        ({"Null": {"aws:Unknown": "true"}}, "allowed"),
        ({"Null": {"aws:RequestedRegion": True}}, "silent"),
        ({"Bool": {"aws:SecureTransport": True}}, "allowed"),
        ({"Bool": {"aws:SecureTransport": "false"}}, "silent"),
        ({"NumericLessThanEquals": {"s3:max-keys": 10}}, "allowed"),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, "allowed"),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, "allowed"),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, "silent"),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}}, "allowed"),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, "silent"),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, "allowed"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/job-*"}}, "allowed"),
        ({"FantasyOperator": {"aws:RequestedRegion": "us-east-1"}}, "silent"),
    ],
)
def test_a_condition_must_hold(condition: Any, expected: str) -> None:
    given = verdict(
        entry(Condition=condition),
        aws_RequestedRegion="us-east-1",
        aws_SecureTransport="true",
        aws_CurrentTime="2026-01-01T00:00:00+00:00",
        aws_SourceIp="127.0.0.1",
        aws_TagKeys=["a", "b"],
        aws_PrincipalArn="arn:aws:iam::123456789012:role/job-1",
        **{"s3_max-keys": "5"},
    )
    assert given == expected


def test_without_a_resource_the_action_alone_is_compared() -> None:
    assert verdict(entry(action="x:Y", resource="arn:x"), action="x:Y", resource=None) == "allowed"
