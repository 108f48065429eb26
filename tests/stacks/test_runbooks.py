"""Every alarm leads to a page that says what to do, and every page has an alarm that leads to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from config.environment import PATTERN
from config.loading import ROOT
from tests.stacks.synthesis import Assembly, synthesized
from tests.stacks.test_account import resources

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
PARTS = ["What it means", "What to look at", "What to do", "When it goes back"]
WITHOUT_AN_ALARM = {"budget"}
"""A budget's notices have no text of ours."""


def descriptions(found: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what each alarm among some resources says; functions of CloudFormation are left out of it."""
    for resource in found:
        if resource["Type"] in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
            said = resource["Properties"]["AlarmDescription"]
            yield (
                said
                if isinstance(said, str)
                else "".join(part for part in said["Fn::Join"][1] if isinstance(part, str))
            )


def named(said: str) -> str:
    """Return the name of the page that an alarm's description ends with, or what it ends with instead."""
    found = re.search(r"; see docs/runbooks/([a-z-]+)\.md$", said)
    return found[1] if found else said


def of_an_account() -> list[dict[str, Any]]:
    return list(resources("dev", PATTERN).values())


def test_every_alarm_ends_with_the_name_of_a_page(assembly: Assembly) -> None:
    found = [resource for _, resource in assembly.resources()]
    assert {named(said) for said in descriptions(found)} - PAGES == set()


def test_every_alarm_of_an_account_ends_with_the_name_of_a_page() -> None:
    assert {named(said) for said in descriptions(of_an_account())} == {"janitor", "dead-letters"}


def test_every_page_has_an_alarm_that_leads_to_it() -> None:
    everywhere = [resource for name in ("local", "prod") for _, resource in synthesized(name).resources()]
    led = {named(said) for said in descriptions([*everywhere, *of_an_account()])}
    assert led | WITHOUT_AN_ALARM == PAGES


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_tells_what_it_means_where_to_look_what_to_do_and_when_it_ends(page: str) -> None:
    text = (RUNBOOKS / f"{page}.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS


def test_the_list_of_runbooks_has_every_page() -> None:
    listed = re.findall(r"\]\(([a-z-]+)\.md\)", (RUNBOOKS / "README.md").read_text(encoding="utf-8"))
    assert sorted(set(listed)) == sorted(PAGES)
