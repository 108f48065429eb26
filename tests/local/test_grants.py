"""The table of reasons: what a run on this machine cannot use has one, and no row is idle."""

from __future__ import annotations

import pytest

from local.grants import Reason, named, reasons, why
from tests.stacks.synthesis import synthesized

ENVIRONMENTS = ("local", "dev", "prod")

OF_OTHER_LINES = {
    ("ComputeHostsRole", "ecs:Poll"),
    ("CurationJobRole", "ec2:CreateTags"),
    ("CurationJobRole", "secretsmanager:GetSecretValue"),
}
"""Of lines with connections, or that train on GPUs."""


def granted(environment: str) -> set[tuple[str, str]]:
    """Return (role, action) of all that an environment's templates give to roles."""
    return {
        (named(role["Ref"]), action)
        for policy in synthesized(environment).properties("AWS::IAM::Policy").values()
        for role in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_what_the_machine_at_hand_does_not_have_is_explained(environment: str) -> None:
    more = granted(environment) - granted("local")
    assert [grant for grant in sorted(more) if not why(*grant)] == []


def test_endpoints_on_instances_are_such() -> None:
    assert ("ReleaseEndpointScalingScaleRole", "iam:CreateServiceLinkedRole") in granted("prod") - granted("local")


def test_every_row_tells_of_a_grant_that_somebody_has() -> None:
    everything = set().union(*(granted(environment) for environment in ENVIRONMENTS)) | OF_OTHER_LINES
    idle = [row for row in reasons() if not any(row.covers(*grant) and why(*grant) == row.why for grant in everything)]
    assert idle == []


def test_a_row_names_each_action_so_that_a_new_grant_has_no_reason_yet() -> None:
    assert [row.why for row in reasons() if any("*" in action for action in row.actions) or len(row.why) < 20] == []


def test_a_grant_without_a_row_has_no_reason() -> None:
    assert why("ReleaseGateHandlerRole", "s3:DeleteBucket") == ""
    assert (
        why("ReleaseGateHandlerRole", "s3:DeleteBucket", [Reason(roles=["*Gate*"], actions=["s3:*"], why="x")]) == "x"
    )


def test_a_role_is_named_as_its_construct_is() -> None:
    assert named("ReleaseGateHandlerRoleCFCA0066") == "ReleaseGateHandlerRole"
