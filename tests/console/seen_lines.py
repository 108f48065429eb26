"""What is seen of the lines, and what every page has."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from console.app import navigation
from tests.browser import faults
from tests.console.world import LINE

__all__ = ["test_a_line_that_ran_is_listed", "test_no_page_has_a_serious_fault"]


def test_a_line_that_ran_is_listed(page: Page) -> None:
    expect(page.locator("#lines")).to_contain_text(LINE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [each["path"] for each in navigation()])
def test_no_page_has_a_serious_fault(page: Page, path: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(path if "://" in path else page.url.partition("/lines")[0] + path)
    assert faults(page) == []
