"""What an environment of a branch is made of, beside those that stand for good."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from config.branches import environment_id
from tests.stacks.synthesis import Assembly, synthesized

REF, OTHER = "feature/a#1", "Feature/a-rather-long-one"


@pytest.fixture(scope="module")
def branch() -> Assembly:
    return synthesized("branch", REF)


@pytest.fixture(scope="module")
def other() -> Assembly:
    return synthesized("branch", OTHER)


def stacks(assembly: Assembly) -> dict[str, Any]:
    manifest = json.loads((Path(assembly.directory) / "manifest.json").read_text())
    return {
        name: one["properties"]
        for name, one in manifest["artifacts"].items()
        if one["type"] == "aws:cloudformation:stack"
    }


def of_environment(stack: dict[str, Any]) -> dict[str, str]:
    """Return a stack's tags but for the one that says which line it is."""
    return {name: value for name, value in stack["tags"].items() if name != "line"}


def test_a_branchs_stacks_carry_its_name_and_its_ref(branch: Assembly) -> None:
    name = environment_id(REF)
    made = stacks(branch)
    assert {one["stackName"] for one in made.values()} == {
        f"AssemblyLine-{name}-Foundation",
        f"AssemblyLine-{name}-Flights",
    }
    for one in made.values():
        assert of_environment(one) == {"project": "assembly-line", "environment": name, "ref": "feature/a=231"}
        assert one["terminationProtection"] is False


def test_a_standing_environments_stacks_are_protected_by_tag(prod: Assembly) -> None:
    for one in stacks(prod).values():
        assert of_environment(one) == {"project": "assembly-line", "environment": "prod", "protected": "true"}


def test_two_branches_differ_in_names_only(branch: Assembly, other: Assembly) -> None:
    """Construct ids never vary with the branch, so neither do logical ids."""

    def without_name(assembly: Assembly) -> str:
        text = json.dumps(assembly.templates, sort_keys=True)
        name = assembly.environment
        text = text.replace(name, "NAME").replace(name.replace("-", "_"), "NAME")
        text = re.sub(r"(assembly-line-NAME-f)[a-z]*-[0-9a-f]{6}-", r"\1-HASH-", text)  # models are named by hash,
        return re.sub(r"(Deployment[0-9A-F]{8})[0-9a-f]{32}", r"\1HASH", text)  # an API's deployment by its content

    assert without_name(branch) == without_name(other)


def test_nothing_of_a_branch_is_retained(branch: Assembly) -> None:
    assert [name for name, one in branch.resources() if one.get("DeletionPolicy", "Delete") == "Retain"] == []
    assert [
        name for name, table in branch.properties("AWS::DynamoDB::Table").items() if table["DeletionProtectionEnabled"]
    ] == []


def test_a_branch_costs_next_to_nothing_while_idle(branch: Assembly) -> None:
    assert list(branch.resources("AWS::EC2::NatGateway", "AWS::EC2::Instance")) == []
    assert {one["BillingMode"] for one in branch.properties("AWS::DynamoDB::Table").values()} == {"PAY_PER_REQUEST"}


def test_a_branchs_foundation_tells_whose_it_is(branch: Assembly, prod: Assembly) -> None:
    outputs = branch.templates["Foundation"]["Outputs"]
    assert (outputs["Owner"]["Value"], outputs["TtlDays"]["Value"]) == ("ada@example.com", "7")
    assert {"Owner", "TtlDays"}.isdisjoint(prod.templates["Foundation"]["Outputs"])


def test_a_branch_reads_another_environments_data_only_once_it_is_pinned(branch: Assembly) -> None:
    template = branch.templates["Flights"]
    (policy,) = [one for one in template["Resources"].values() if "Condition" in one]
    assert template["Conditions"][policy["Condition"]] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "PinnedRawBucket"}, ""]}]
    }
    assert {name: one["Default"] for name, one in template["Parameters"].items()} == {
        "PinnedRawBucket": "",
        "PinnedKey": "",
    }


def test_a_pin_grants_reading_versions_of_the_lines_own_files_and_their_key_and_nothing_else(branch: Assembly) -> None:
    (policy,) = [one for one in branch.templates["Flights"]["Resources"].values() if "Condition" in one]
    assert [role["Ref"].startswith("CurationJobRole") for role in policy["Properties"]["Roles"]] == [True]
    raw = {"Fn::Join": ["", ["arn:aws:s3:::", {"Ref": "PinnedRawBucket"}, "/flights/*"]]}
    assert policy["Properties"]["PolicyDocument"]["Statement"] == [
        {"Action": "s3:GetObjectVersion", "Effect": "Allow", "Resource": raw},
        {"Action": "kms:Decrypt", "Effect": "Allow", "Resource": {"Ref": "PinnedKey"}},
    ]


def test_nothing_that_stands_for_good_can_be_pinned(prod: Assembly) -> None:
    assert "Parameters" not in prod.templates["Flights"]
    assert [one for one in prod.templates["Flights"]["Resources"].values() if "Condition" in one] == []
