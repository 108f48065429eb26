"""What counts as growth, and that no action which becomes allowed escapes: held against a policy engine."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.policy import decide, statements
from runtime.changes.grants import Grant
from runtime.changes.privileges import Growth, growth
from tests.runtime.changes.templates import Json, changed, resource, template

ACTIONS = ("s3:GetObject", "s3:PutObject", "sqs:SendMessage")
RESOURCES = ("arn:a", "arn:a/b", "arn:c")


def grown(before: Json, after: Json) -> list[Growth]:
    return growth("Stack", before, after, changed(before, after))


def rights(before: Json, after: Json) -> list[Grant]:
    return [one.grant for one in grown(before, after)]


def policy(*given: Json) -> Json:
    """Return a template whose role has these statements."""
    document = {"Statement": list(given)}
    return template(
        Role=resource("IAM::Role"),
        Policy=resource("IAM::Policy", Roles=[{"Ref": "Role"}], PolicyDocument=document),
    )


def statement(action: Any, on: Any, effect: str = "Allow", **more: Any) -> Json:
    return {"Effect": effect, "Action": action, "Resource": on, **more}


def test_a_new_action_grows() -> None:
    before = policy(statement("s3:GetObject", "arn:a"))
    after = policy(statement(["s3:GetObject", "s3:PutObject"], "arn:a"))
    assert rights(before, after) == [Grant("Role", "s3:PutObject", "arn:a")]
    assert rights(after, before) == []


def test_what_a_wildcard_covered_does_not_grow() -> None:
    before = policy(statement("s3:*", "arn:a*"))
    assert rights(before, policy(statement("S3:GetObject", "arn:a/b"))) == []


def test_the_same_right_in_another_policy_does_not_grow() -> None:
    inline = template(
        Role=resource("IAM::Role", Policies=[{"PolicyDocument": {"Statement": [statement("s3:GetObject", "arn:a")]}}])
    )
    assert rights(policy(statement("s3:GetObject", "arn:a")), inline) == []


def test_a_condition_that_goes_is_growth_and_one_that_comes_is_none() -> None:
    bare = policy(statement("s3:GetObject", "arn:a"))
    limited = policy(statement("s3:GetObject", "arn:a", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    assert len(rights(limited, bare)) == 1
    assert rights(bare, limited) == []


def test_a_deny_that_goes_is_growth() -> None:
    barred = policy(statement("*", "*"), statement("iam:*", "*", "Deny"))
    (found,) = grown(barred, policy(statement("*", "*")))
    assert (found.grant.effect, found.grant.action, found.wide) == ("barrier", "iam:*", True)


@pytest.mark.parametrize(
    ("before", "after", "wide", "told"),
    [
        (
            resource("IAM::Role"),
            resource("IAM::Role", ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]),
            False,
            Grant("One", "managed policy", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ),
        (
            resource("IAM::Role", PermissionsBoundary="arn:boundary"),
            resource("IAM::Role"),
            True,
            Grant("One", "permissions boundary", "arn:boundary", effect="barrier"),
        ),
        (
            resource("IAM::Role"),
            resource(
                "IAM::Role",
                AssumeRolePolicyDocument={
                    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]
                },
            ),
            True,
            Grant("One", "sts:AssumeRole", "<itself>", "*"),
        ),
        (
            resource("EC2::SecurityGroup"),
            resource(
                "EC2::SecurityGroup",
                SecurityGroupIngress=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}],
            ),
            True,
            Grant("One", "ingress", "tcp 22-22", "0.0.0.0/0"),
        ),
        (
            resource("S3::Bucket", PublicAccessBlockConfiguration={"BlockPublicAcls": True}),
            resource("S3::Bucket"),
            True,
            Grant("One", "BlockPublicAcls", "<itself>", effect="barrier"),
        ),
        (
            resource("S3::BucketPolicy"),
            resource(
                "S3::BucketPolicy",
                PolicyDocument={"Statement": [{**statement("s3:GetObject", "arn:a"), "Principal": "*"}]},
            ),
            True,
            Grant("One", "s3:GetObject", "arn:a", "*"),
        ),
        (
            resource("Lambda::Permission", FunctionName="One", Action="lambda:InvokeFunction", SourceArn="arn:a"),
            resource("Lambda::Permission", FunctionName="One", Action="lambda:InvokeFunction", Principal="*"),
            True,
            Grant("One", "lambda:InvokeFunction", "<itself>", "*"),
        ),
        (
            resource("ApiGateway::Method", HttpMethod="GET", AuthorizationType="AWS_IAM"),
            resource("ApiGateway::Method", HttpMethod="GET", AuthorizationType="NONE"),
            True,
            Grant("One", "call without authorization", "<itself>", "*"),
        ),
        (
            resource("Lambda::Url", AuthType="AWS_IAM"),
            resource("Lambda::Url", AuthType="NONE"),
            True,
            Grant("One", "call by URL", "<itself>", "*"),
        ),
    ],
)
def test_each_kind_of_opening_is_growth(before: Json, after: Json, wide: bool, told: Grant) -> None:
    assert [(one.grant, one.wide) for one in grown(template(One=before), template(One=after))] == [(told, wide)]
    assert told not in rights(template(One=after), template(One=before))


def test_a_new_holder_is_told_as_new() -> None:
    (found,) = grown(template(), policy(statement("s3:GetObject", "arn:a")))
    assert found.new


def test_a_deny_that_goes_with_its_holder_is_no_growth() -> None:
    assert rights(policy(statement("iam:*", "*", "Deny")), template()) == []


wildcards = st.sampled_from(["s3:GetObject", "s3:Get*", "s3:*", "*", "sqs:?endMessage", "S3:PUTOBJECT"])
patterns = st.sampled_from(["arn:a", "arn:a/b", "arn:a*", "arn:?", "*"])
conditions = st.sampled_from([{}, {}, {"Condition": {"StringEquals": {"aws:x": "1"}}}])
documents = st.lists(
    st.builds(
        lambda effect, action, on, condition: statement(action, on, effect, **condition),
        st.sampled_from(["Allow", "Allow", "Deny"]),
        st.lists(wildcards, min_size=1, max_size=2),
        st.lists(patterns, min_size=1, max_size=2),
        conditions,
    ),
    max_size=4,
)


def allowed(given: list[Json]) -> set[tuple[str, str, bool]]:
    """Return what the statements allow, in a call with and without the condition's key."""
    read = statements({"Statement": given})
    return {
        (action, on, bool(context))
        for action, on, context in itertools.product(ACTIONS, RESOURCES, ({}, {"aws:x": "1"}))
        if decide(read, action, on, context) == "allowed"
    }


@settings(max_examples=200, deadline=None)
@given(before=documents, after=documents)
def test_nothing_becomes_allowed_without_being_told(before: list[Json], after: list[Json]) -> None:
    if allowed(after) - allowed(before):
        assert rights(policy(*before), policy(*after)) != []


@settings(max_examples=50, deadline=None)
@given(given_=documents)
def test_the_same_never_grows(given_: list[Json]) -> None:
    assert rights(policy(*given_), policy(*reversed(given_))) == []
