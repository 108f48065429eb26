"""What is seen of the lines, and what every page has."""

from __future__ import annotations

import pytest
from playwright.sync_api import Dialog, Page, expect

from cli.running import find
from console.app import navigation
from runtime import events, ledger
from tests.browser import faults
from tests.console.world import LINE, World

__all__ = [
    "test_a_line_that_ran_is_listed",
    "test_a_page_is_read_on_a_phone_without_scrolling_sideways",
    "test_names_that_would_run_do_not",
    "test_no_page_has_a_serious_fault",
    "test_what_is_filtered_stays_filtered_while_the_page_refreshes_itself",
]

HOSTILE = "<img src=x onerror=alert(1)>"


def test_a_line_that_ran_is_listed(page: Page) -> None:
    card = page.locator(f"#line-{LINE}")
    expect(card).to_contain_text("Will this order be sent back")
    expect(card.locator(".strip li").first).to_have_attribute("data-status", "succeeded")
    expect(card).to_contain_text("boosting")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [each["path"] for each in navigation()])
def test_no_page_has_a_serious_fault(page: Page, path: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(path if "://" in path else page.url.partition("/lines")[0] + path)
    assert faults(page) == []


@pytest.mark.parametrize("path", [*(each["path"] for each in navigation()), f"/lines/{LINE}"])
def test_a_page_is_read_on_a_phone_without_scrolling_sideways(page: Page, world: World, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(world.origin + path)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_what_is_filtered_stays_filtered_while_the_page_refreshes_itself(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("nothing of the kind")
    expect(page.locator("#lines")).to_contain_text("No line's name holds “nothing of the kind”")
    page.wait_for_timeout(2500)
    expect(page.locator(f"#line-{LINE}")).to_have_count(0)
    page.get_by_role("searchbox").fill(LINE)
    expect(page.locator(f"#line-{LINE}")).to_be_visible()


def test_names_that_would_run_do_not(page: Page, world: World) -> None:
    site = find(world.clone.root)
    assert site is not None
    outputs = site.outputs(LINE)
    ended = {"status": "halted", "message": HOSTILE, "seconds": 1.0, "inspections": {}, "causes": [HOSTILE]}
    for kind, station, more in ((events.STATION_FINISHED, "curation", ended), (events.RUN_FINISHED, "run", ended)):
        detail = {"line": HOSTILE, "run": HOSTILE, "station": station, "at": "2026-01-01T00:00:00+00:00", **more}
        ledger.record(site.client("dynamodb"), outputs["LedgerTable"], {"detail-type": kind, "detail": detail})
    site.client("s3").put_object(Bucket=outputs["LakeBucket"], Key=f"runs/{HOSTILE}/{HOSTILE}/x.json", Body=b"{}")
    dialogs: list[str] = []

    def asked(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", asked)
    page.wait_for_timeout(500)
    page.goto(f"{world.origin}/lines?q=onerror")
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible(timeout=120_000)
    page.get_by_role("link", name=HOSTILE).first.click()
    expect(page.get_by_role("heading", level=1, name=HOSTILE)).to_be_visible()
    page.get_by_role("link", name=HOSTILE).first.click()
    expect(page.locator("#station-curation")).to_contain_text(HOSTILE)
    expect(page.locator("#left")).to_contain_text("No station has left a report")
    assert dialogs == []
    assert page.locator("img[src='x']").count() == 0
