"""What is seen of throughput: the page tells what the command tells."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.console.world import LINE, World

__all__ = ["test_both_journeys_are_told", "test_the_pages_bottleneck_is_that_of_the_command"]


def test_both_journeys_are_told(page: Page, world: World) -> None:
    page.get_by_role("link", name="Throughput", exact=True).click()
    row = page.get_by_role("row", name=LINE)
    expect(row.get_by_role("rowheader", name=LINE, exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Innovation journey: from a commit to local")).to_be_visible()
    page.get_by_role("link", name="week", exact=True).click()
    expect(page.get_by_role("link", name="week", exact=True)).to_have_attribute("aria-current", "true")


def test_the_pages_bottleneck_is_that_of_the_command(page: Page, world: World) -> None:
    page.goto(f"{world.origin}/throughput/{LINE}?days=")
    found = world.clone.line("throughput", LINE, "--json").document["lines"][0]["value"]
    shown = page.locator("tr.worst th")
    expect(shown).to_have_text(found["bottleneck"]["station"])
    assert page.get_by_role("table").nth(2).get_by_role("row").count() == 1 + len(found["stations"])
