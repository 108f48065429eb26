"""A dataset by clicks: what is chosen, seen, built and downloaded is what the command builds."""

from __future__ import annotations

import shlex
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect

from cli.running import find
from runtime.paths import dataset_prefix
from tests.browser import faults
from tests.console.world import LINE, World

PATIENCE = 30_000
"""Milliseconds: the first look at a line fetches its tables."""

__all__ = [
    "test_a_dataset_is_clicked_together_and_is_the_one_of_the_command_and_the_code",
    "test_a_range_without_rows_is_told_beside_the_form_and_nothing_is_lost",
    "test_a_view_ticks_its_columns_by_keyboard_and_what_you_get_follows",
    "test_the_page_of_datasets_has_no_serious_fault_and_fits_a_phone",
]


def test_a_dataset_is_clicked_together_and_is_the_one_of_the_command_and_the_code(
    world: World, page: Page, tmp_path: Path
) -> None:
    page.goto(f"{world.origin}/datasets")
    page.get_by_role("link", name=LINE, exact=True).click()
    page.get_by_role("checkbox", name="share_returned").uncheck()
    page.get_by_role("button", name="test", exact=True).click()
    page.get_by_label("Name").fill("<b>clicked</b>")
    look = page.locator("#look")
    expect(look.locator("#code")).to_be_visible(timeout=PATIENCE)
    expect(look.locator("#code")).to_contain_text('features="customer_history:orders"')
    expect(look.locator("#code")).to_contain_text("clicked")
    expect(look.locator(".figures")).to_contain_text("4 columns")
    fingerprint = look.locator("code[title]").get_attribute("title") or ""
    code, command = (look.locator(f"#{name}").inner_text() for name in ("code", "command"))
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.get_by_text("A dataset of shop would be built")).to_be_visible()
    page.get_by_role("button", name="Build the dataset").click()
    page.get_by_role("link", name="See the result").click(timeout=PATIENCE)
    expect(page.get_by_role("heading", level=1)).to_have_text("Dataset <b>clicked</b>")
    expect(page.locator("dl").first).to_contain_text(fingerprint)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download examples").click()
    assert download.value.suggested_filename == f"shop-b-clicked-b-{fingerprint[:8]}-examples.parquet"
    clicked = pq.read_table(download.value.path())

    _forget(world, fingerprint)
    loaded = world.clone.python(f"{code}\nrows.to_parquet({str(tmp_path / 'rows.parquet')!r})")
    assert loaded.status == 0, loaded.stderr
    words = shlex.split(command)
    assert words[-2:] == ["--out", "data"]
    built = world.clone.line(*words[1:-1], str(tmp_path / "data"), "--json")
    assert built.status == 0, built.stderr
    assert (built.document["fingerprint"], built.document["reused"]) == (fingerprint, True)
    assert built.document["name"] == "<b>clicked</b>"
    assert pq.read_table(tmp_path / "data" / "examples.parquet").equals(clicked)
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == clicked.num_rows > 100


def test_a_view_ticks_its_columns_by_keyboard_and_what_you_get_follows(world: World, page: Page) -> None:
    page.goto(f"{world.origin}/datasets/{LINE}")
    figures = page.locator("#look .figures")
    expect(figures).to_contain_text("5 columns", timeout=PATIENCE)
    view = page.get_by_role("checkbox", name="customer_history")
    view.focus()
    page.keyboard.press("Space")
    for column in ("orders", "share_returned"):
        expect(page.get_by_role("checkbox", name=column)).not_to_be_checked()
    expect(figures).to_contain_text("3 columns")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert view.evaluate("box => box.indeterminate")
    expect(figures).to_contain_text("4 columns")
    expect(page).to_have_url(f"{world.origin}/datasets/{LINE}?features=customer_history%3Aorders")
    page.reload()
    expect(page.get_by_role("checkbox", name="share_returned")).not_to_be_checked()
    expect(page.get_by_role("checkbox", name="orders")).to_be_checked()


def test_a_range_without_rows_is_told_beside_the_form_and_nothing_is_lost(world: World, page: Page) -> None:
    page.goto(f"{world.origin}/datasets/{LINE}")
    page.get_by_role("checkbox", name="orders").uncheck()
    page.get_by_label("From").fill("2030-01-01T00:00")
    expect(page.locator("#look [role=alert]")).to_contain_text("choose another time range", timeout=PATIENCE)
    expect(page.get_by_label("From")).to_have_value("2030-01-01T00:00")
    expect(page.get_by_role("checkbox", name="orders")).not_to_be_checked()
    expect(page.locator("#command")).to_contain_text("--from 2030-01-01T00:00")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_datasets_has_no_serious_fault_and_fits_a_phone(world: World, page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{world.origin}/datasets/{LINE}")
    expect(page.locator("#look .preview")).to_be_visible(timeout=PATIENCE)
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _forget(world: World, fingerprint: str) -> None:
    """Take the dataset from the shelf, so that who asks for it next has to build it."""
    site = find(world.clone.root)
    assert site is not None
    bucket = site.client("s3")
    lake, prefix = site.outputs(LINE)["LakeBucket"], dataset_prefix(LINE, fingerprint)
    keys = [one["Key"] for one in bucket.list_objects_v2(Bucket=lake, Prefix=prefix)["Contents"]]
    assert any(key.endswith("manifest.json") for key in keys)
    for key in keys:
        bucket.delete_object(Bucket=lake, Key=key)
