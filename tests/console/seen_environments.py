"""What is seen of the environments."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser import faults
from tests.console.world import World

__all__ = ["test_an_environment_tells_its_age_and_on_request_its_cost"]


def test_an_environment_tells_its_age_and_on_request_its_cost(page: Page, world: World) -> None:
    page.goto(f"{world.origin}/environments")
    card = page.locator("#environment-local")
    expect(card).to_contain_text("this console's")
    lines = [path for path in (world.clone.root / "lines").iterdir() if (path / "line.yaml").exists()]
    expect(card).to_contain_text(f"{1 + len(lines)} stacks")
    card.get_by_role("button", name="Estimate its cost").click()
    together = card.locator("tr", has_text="together")
    expect(together).to_be_visible(timeout=20_000)
    assert float(together.locator("td").first.inner_text()) > 1.0
    assert faults(page) == []
