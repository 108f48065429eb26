"""How a line stands: what its run said, and dead letters that appear and go back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cli.running import find
from tests.browser import faults
from tests.console.world import LINE, World

__all__ = [
    "test_a_dead_letter_is_seen_as_it_comes_and_goes_back_when_asked_to",
    "test_the_page_of_a_line_has_no_serious_fault_and_fits_a_phone",
    "test_what_a_run_said_is_judged_and_drawn",
]


def test_what_a_run_said_is_judged_and_drawn(world: World, page: Page) -> None:
    page.goto(f"{world.origin}/monitoring")
    expect(page.locator("#monitored")).to_contain_text("drift")
    page.get_by_role("link", name=LINE, exact=True).click()
    expect(page.locator("#now li", has_text="drift")).to_contain_text("ok")
    expect(page.locator("figure.shares", has_text="category")).to_be_visible()
    expect(page.get_by_role("img", name="price over time")).to_be_visible()
    page.get_by_role("textbox", name="From").fill("2030-01-01T00:00")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#figures")).to_contain_text("No window was judged")


def test_a_dead_letter_is_seen_as_it_comes_and_goes_back_when_asked_to(world: World, page: Page) -> None:
    site = find(world.clone.root)
    assert site is not None
    url, sqs = site.outputs(LINE)["ConsumerDeadLettersUrlWarehouse"], site.client("sqs")
    page.goto(f"{world.origin}/monitoring/{LINE}")
    row = page.get_by_role("region", name="Dead letters").get_by_role("row", name="warehouse")
    expect(row.get_by_role("cell").first).to_have_text("0")
    sqs.send_message(QueueUrl=url, MessageBody='{"event_id": "<i>one</i>"}')
    expect(row).to_contain_text("never deleted", timeout=30_000)
    page.get_by_role("link", name="Redrive warehouse").click()
    expect(page.get_by_text("1 dead letters of warehouse would go back")).to_be_visible()
    page.get_by_role("button", name="Move them back").click()
    expect(page.locator("#done")).to_contain_text("1 dead letters went back", timeout=20_000)
    page.reload()
    expect(page.locator("#done")).to_contain_text("1 dead letters went back")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_line_has_no_serious_fault_and_fits_a_phone(world: World, page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{world.origin}/monitoring/{LINE}")
    expect(page.locator("figure.shares").first).to_be_visible()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
