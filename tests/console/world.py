"""The lines of a new user, the console beside their ``line up``, and a browser that looks at it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests import browser
from tests.clone import Clone
from tests.console.new_user import User
from tests.test_line_run import Up, wait_for

LINE = "shop"


@dataclass(frozen=True)
class World:
    """A copy of the repository with a running ``line up`` in which the line ran once, and its console."""

    clone: Clone
    address: str
    """Of the console, its key included."""
    first: dict[str, Any]
    """What the run told."""
    up: Up
    """The same, as tests of the command know it."""

    @property
    def origin(self) -> str:
        return self.address.partition("/?")[0]


@pytest.fixture(scope="module")
def world(user: User) -> Iterator[World]:
    first = user.runs[LINE]
    assert first.document["status"] == "succeeded", first.stderr
    console = user.clone.start("console", "--port", "0")
    try:
        said = wait_for("?key=", console, out=True)
        known = Up(clone=user.clone, process=user.process, first=first)
        yield World(clone=user.clone, address=said.split()[-1], first=first.document, up=known)
    finally:
        console.send_signal(signal.SIGINT)
        ended = user.clone.wait(console)
    assert ended.status == 0, ended.stderr


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.started() as started:
        yield started


@pytest.fixture
def page(chromium: Browser, world: World) -> Iterator[Page]:
    """A page that is let into the console; it fails the test when its console tells of an error or it leaves the house.

    What a page of the console asks of another host than the console itself is an error, too.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    made = context.new_page()
    wrong: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            wrong.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((world.origin, "data:", "blob:")):
            wrong.append(f"asked {request.url}")

    made.on("console", said)
    made.on("request", asked)
    made.goto(world.address)
    yield made
    context.close()
    assert wrong == []
