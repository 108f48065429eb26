"""The manual as a site: nothing of it comes from elsewhere, every link in it leads somewhere, and its search finds."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from config.loading import ROOT
from tests import browser

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("zensical") is None, reason="zensical is not installed: `make site` installs it"
)
ASSETS = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src"}
HERE = "http://site.test/"


class Parts(HTMLParser):
    """What a page has: its anchors, what it links to, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value for key, value in attrs if value is not None}
        self.anchors |= {given[key] for key in ("id", "name") if key in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ASSETS and ASSETS[tag] in given and given.get("rel") != "canonical":
            self.loads.append(given[ASSETS[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built from a copy of what it is made from."""
    folder = tmp_path_factory.mktemp("manual")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Parts]:
    """The pages of the site by their path."""
    return {
        page.relative_to(site).as_posix(): Parts(page.read_text(encoding="utf-8"))
        for page in site.rglob("*.html")
        if page.name != "404.html"
    }


def test_every_page_of_the_manual_is_a_page_of_the_site(pages: dict[str, Parts]) -> None:
    wanted = {page.relative_to(ROOT / "docs").with_suffix(".html") for page in (ROOT / "docs").rglob("*.md")}
    named = {path.as_posix().replace("README.html", "index.html") for path in wanted}
    assert named - set(pages) == set()


def test_no_page_loads_anything_from_elsewhere(pages: dict[str, Parts]) -> None:
    assert {load for page in pages.values() for load in page.loads if urlsplit(load).netloc} == set()


def test_every_link_within_the_site_leads_to_a_page_and_a_heading(site: Path, pages: dict[str, Parts]) -> None:
    wrong = []
    for path, page in pages.items():
        for link in page.links:
            target = urlsplit(urljoin(HERE + path, link))
            if f"{target.scheme}://{target.netloc}/" != HERE:
                continue
            name = unquote(target.path).lstrip("/") or "index.html"
            name = f"{name}index.html" if name.endswith("/") else name
            named = pages[name].anchors if name in pages else {target.fragment}
            if not (site / name).is_file() or (target.fragment and unquote(target.fragment) not in named):
                wrong.append(f"{path}: {link}")
    assert wrong == []


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The site, served as any web server would."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.started() as started:
        yield started


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    yield context.new_page()
    context.close()


def test_a_reader_asks_nobody_but_the_site(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("index.html", "concepts.html", "runbooks/drift.html", "reference/constructs.html"):
        page.goto(address + path, wait_until="networkidle")
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_the_search_finds_a_page(page: Page, address: str) -> None:
    page.goto(address, wait_until="networkidle")
    page.get_by_role("button", name="Search").click()
    page.keyboard.type("dead letters")
    expect(page.get_by_role("option").first).to_contain_text("dead", ignore_case=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_site_is_light_or_dark_as_the_system_is(page: Page, address: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(address, wait_until="networkidle")
    shade = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)")
    assert (sum(shade) > 3 * 128) == (scheme == "light"), shade
