"""What is seen of models, and what is decided on them in the browser: real releases of a real endpoint."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from runtime import promotion
from tests.console.world import LINE, World
from tests.test_line_run import in_service, waiting

__all__ = [
    "test_a_card_opens_and_runs_nothing",
    "test_an_approval_and_a_rollback_in_the_browser_change_what_is_in_service",
    "test_fewer_than_two_models_are_not_compared",
    "test_what_is_in_production_is_told",
]
_SECONDS = 120_000
"""A release goes step by step."""


def test_what_is_in_production_is_told(page: Page, world: World) -> None:
    page.get_by_role("link", name="Models", exact=True).click()
    page.get_by_role("link", name=LINE, exact=True).click()
    production = page.locator("#production")
    expect(production).to_contain_text(re.compile(r"In production: version \d+"))
    expect(production).to_contain_text(world.first["run"])
    expect(page.locator("#trainings")).to_contain_text("2 trainings")


def test_a_card_opens_and_runs_nothing(page: Page, world: World) -> None:
    with page.expect_response(re.compile(r"/card$")) as told:
        page.goto(f"{world.origin}/models/{LINE}/1/card")
    assert told.value.headers["content-security-policy"].startswith("sandbox")
    expect(page.locator("h1")).to_contain_text("boosting")


def test_fewer_than_two_models_are_not_compared(page: Page, world: World) -> None:
    answer = page.request.get(f"{world.origin}/models/{LINE}/compare?of=1")
    assert (answer.status, "tick two or more" in answer.text()) == (400, True)


def test_an_approval_and_a_rollback_in_the_browser_change_what_is_in_service(page: Page, world: World) -> None:
    up, before = world.up, in_service(world.up)
    version = waiting(up, compared_with=1)

    page.goto(f"{world.origin}/models/{LINE}")
    page.locator(f"#waiting-{version}").get_by_role("link", name="Compare with production").click()
    expect(page.get_by_role("columnheader", name=f"version {version}")).to_be_visible()
    page.go_back()
    page.locator(f"#waiting-{version}").get_by_role("link", name="Approve…").click()
    expect(page.locator("main")).to_contain_text(f"Version {version} of line {LINE} will be released into production")
    assert in_service(up) == before  # it asks first
    page.get_by_label("Why").fill("looks right")
    page.get_by_role("button", name="Approve and release").click()
    page.reload()  # in the middle of it
    expect(page.locator("#done")).to_contain_text(
        f"version {version} of line {LINE} is in production", timeout=_SECONDS
    )
    assert in_service(up) != before
    assert [one.champion.version for one in history(world)] == [1, version]

    page.get_by_role("link", name="See the result").click()
    expect(page.locator("#production")).to_contain_text(f"version {version}")
    page.get_by_role("link", name="Roll back to version 1…").click()
    page.get_by_role("button", name="Roll back").click()
    expect(page.locator("#done")).to_contain_text("version 1 of line shop is in production again", timeout=_SECONDS)
    assert [one.champion.version for one in history(world)] == [1, version, 1]
    told = history(world)[1]
    assert "looks right" in told.who
    page.goto(f"{world.origin}/models/{LINE}")
    expect(page.locator(f"#version-{version}")).to_contain_text("rolled back")


def history(world: World) -> list[promotion.Production]:
    return promotion.history(world.up.client("dynamodb"), world.up.outputs["LedgerTable"], LINE)
