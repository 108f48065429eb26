"""What is seen of a run: started in the browser, watched to its end, looked into."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser import faults
from tests.console.world import LINE, World

__all__ = ["test_a_run_is_looked_into", "test_a_run_that_is_started_here_is_watched_to_its_end"]

PATIENCE_SECONDS = 240
STATES = (
    "() => Object.fromEntries([...document.querySelectorAll('#run .strip li')]"
    ".map(each => [each.dataset.station, each.dataset.status]))"
)


@pytest.mark.last
def test_a_run_that_is_started_here_is_watched_to_its_end(page: Page, world: World) -> None:
    page.goto(f"{world.origin}/lines/{LINE}")
    page.get_by_role("link", name="Run now").click()
    expect(page.get_by_label("rounds")).to_have_value("60")
    page.get_by_label("Not to be skipped").fill("scoring")
    page.get_by_role("button", name="Start the run").click()
    expect(page.locator("#done")).to_contain_text("has started")
    page.reload()  # in the middle of it: what was done is shown again, and not done again
    expect(page.locator("#done")).to_contain_text("has started")
    page.get_by_role("link", name="See the result").click()
    page.evaluate("window.sameDocument = true")
    seen: dict[str, list[str]] = {}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for station, status in page.evaluate(STATES).items():
            told = seen.setdefault(station, [])
            if told[-1:] != [status]:
                told.append(status)
        if page.locator("#run .head .status").first.inner_text() != "running":
            break
        page.wait_for_timeout(150)
    expect(page.locator("#run .head .status").first).to_have_text("succeeded")
    assert page.evaluate("window.sameDocument") is True
    assert {told[-1] for told in seen.values()} <= {"succeeded", "flagged", "skipped"}
    ranks = {"pending": 0, "running": 1}
    assert [told for told in seen.values() if sorted(told, key=lambda one: ranks.get(one, 2)) != told] == []
    assert [station for station, told in seen.items() if "running" in told], seen
    assert seen["monitoring"][0] == "pending"
    assert (seen["curation"][-1], seen["features"][-1], seen["scoring"][-1]) == ("skipped", "skipped", "succeeded")
    expect(page.locator("#run")).to_contain_text("Not to be skipped")
    page.goto(f"{world.origin}/lines/{LINE}")
    expect(page.locator("tr", has_text="console-")).to_have_count(1)


def test_a_run_is_looked_into(page: Page, world: World) -> None:
    run = world.first["run"]
    page.goto(f"{world.origin}/lines/{LINE}/runs/{run}")
    left = page.locator("#left")
    expect(page.get_by_role("region", name="Delivered")).to_contain_text("topic")
    for column in ("sources", "curated", "features", "dataset", "model", "predictions", "channels"):
        expect(left.locator("svg.lineage text.head", has_text=column)).to_have_count(1)
    assert left.locator("svg.lineage .link").count() >= 6
    assert faults(page) == []
    page.get_by_role("link", name="The whole report").first.click()
    expect(page.locator("h1")).to_contain_text("curation")
    page.goto(f"{world.origin}/lines/{LINE}/runs/{run}/logs")
    page.get_by_role("link", name="Train").first.click()
    expect(page.get_by_role("heading", name="Train")).to_be_visible()
    expect(page.locator("main")).to_contain_text("The job has written nothing: one that ends well is silent")
    assert faults(page) == []
