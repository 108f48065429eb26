"""A real browser for tests of pages: Debian's chromium, driven by playwright; in CI it must be there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from config.loading import ROOT
from console.screenshots import CHROMIUM

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
_QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
IMPACTS = ("serious", "critical")


@contextmanager
def started() -> Iterator[Browser]:
    """Start chromium and end it with the block. Where there is none the test is skipped, in CI it fails."""
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("no chromium on this machine: pages are not opened in a real browser (apt-get install chromium)")
    assert CHROMIUM is not None, "CI runs the browser tests always: install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_QUIET, "--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def faults(page: Page) -> list[str]:
    """Return what axe finds serious or critical on a page: rule, what it says, where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {', '.join(str(node['target']) for node in one['nodes'])}"
        for one in found["violations"]
        if one["impact"] in IMPACTS
    ]
