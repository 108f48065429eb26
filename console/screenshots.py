"""Pictures of the console for the manual: ``python -m console.screenshots [LINE]``, or ``make screenshots``.

Looks at the running ``line up``, or starts one and runs the line in it. Writes ``console-<page>-<scheme>.png``.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from cli.ending import ended
from cli.running import find
from config.errors import LineError
from config.loading import ROOT
from console.palette import fewer_colours

PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 150_000
SIZE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
ON_A_PHONE = ("lines", "run")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
_PATIENCE_MS = 15_000
_SETTLED_MS = 300


@dataclass(frozen=True)
class View:
    """One page of the console: what its pictures are called, and where it is."""

    name: str
    path: str


def views(line: str, run: str) -> list[View]:
    """Return every page, of a line that has run where a page is of a line."""
    return [
        View("lines", "/lines"),
        View("line", f"/lines/{line}"),
        View("run", f"/lines/{line}/runs/{run}"),
        View("datasets", f"/datasets/{line}"),
        View("models", f"/models/{line}"),
        View("monitoring", f"/monitoring/{line}"),
        View("throughput", f"/throughput/{line}"),
        View("environments", "/environments"),
    ]


def main(line: str) -> int:
    """Take every picture; returns the exit status."""
    with ExitStack() as stack:
        if find() is None:
            print(f"starting a line up, and running {line} in it", file=sys.stderr)
            stack.enter_context(_process("up", line, "--port", "0", until="Ctrl-C ends it"))
            _run(line)
        said = stack.enter_context(_process("console", "--port", "0", until="?key="))
        browser = stack.enter_context(_browser())
        address = said.split()[-1]
        for view in views(line, _newest_run(browser, address, line)):
            _take(browser, address, view)
    return 0


def _take(browser: Browser, address: str, view: View) -> None:
    for scheme in SCHEMES:
        for kind, size in (("", SIZE), ("-phone", PHONE)):
            if kind and view.name not in ON_A_PHONE:
                continue
            with _opened(browser, address, size, scheme) as page:
                _show(page, address, view)
                taken = page.screenshot(animations="disabled")
                page.goto("about:blank")
                _keep(fewer_colours(page, taken), PICTURES / f"console-{view.name}{kind}-{scheme}.png")


def _show(page: Page, address: str, view: View) -> None:
    answer = page.goto(_origin(address) + view.path)
    if answer is None or not answer.ok:
        raise LineError(f"the console's page {view.path} did not answer well: open it and read what it says")
    _settle(page)


def _settle(page: Page) -> None:
    """Wait for what a page asks for once it is there; one that moves for ever is taken as it is."""
    with suppress(PlaywrightTimeout):
        page.wait_for_load_state("networkidle", timeout=_PATIENCE_MS)
    page.wait_for_timeout(_SETTLED_MS)


def _keep(picture: bytes, path: Path) -> None:
    if len(picture) > MOST_BYTES:
        raise LineError(f"{path.name} has {len(picture):,} bytes, more than {MOST_BYTES:,}: show less on that page")
    path.write_bytes(picture)
    print(path.relative_to(ROOT))


def _newest_run(browser: Browser, address: str, line: str) -> str:
    """Return the run that the line's page names first."""
    with _opened(browser, address, SIZE, "light") as page:
        page.goto(f"{_origin(address)}/lines/{line}")
        _settle(page)
        found = re.search(rf"/lines/{re.escape(line)}/runs/([\w-]+)", page.content())
    if found is None:
        raise LineError(f"line {line!r} has no run in the running line up: `line run {line}` first")
    return found[1]


@contextmanager
def _opened(browser: Browser, address: str, size: dict[str, int], scheme: Literal["light", "dark"]) -> Iterator[Page]:
    """A page that the console has let in."""
    viewport = {"width": size["width"], "height": size["height"]}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.goto(address)
        yield page
    finally:
        context.close()


def _origin(address: str) -> str:
    return address.partition("/?")[0]


@contextmanager
def _browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        raise LineError("no chromium on PATH: install it (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


def _run(line: str) -> None:
    status = subprocess.run([sys.executable, "-m", "cli.main", "run", line], cwd=ROOT, check=False).returncode
    if status != 0:
        raise LineError(f"line {line!r} did not run well (exit status {status}): its summary above says why")


@contextmanager
def _process(*arguments: str, until: str) -> Iterator[str]:
    """A command that goes on while the block lasts; gives the line in which it says that it is up."""
    command = [sys.executable, "-m", "cli.main", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
    try:
        said = next((each for each in process.stdout if until in each), None)
        if said is None:
            raise LineError(f"line {' '.join(arguments)} ended before it was up: what it says above tells why")
        yield said
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else "flights"
    sys.exit(ended(lambda: main(wanted)))
