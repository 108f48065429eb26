"""An action asks first, happens once however often it is sent, and tells how it ended, whoever looks and when."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.testclient import TestClient

from config.errors import LineError
from console import app
from console.actions import Action, Given, Progress
from console.guard import Secret
from console.place import Place
from tests.moto_server import Aws

HOME = "http://127.0.0.1:8400"
HOSTILE = "\"><img src=x onerror=alert(1)>'{{7*7}}"


@dataclass
class Happened:
    """What the action under test did, and what holds it up."""

    given: list[Given] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    work: Callable[[], str] = lambda: "all is well"

    def describe(self, place: Place, given: Given) -> str:
        if "nothing" in given:
            raise LineError("there is nothing to do: ask for something")
        return f"Something will happen to {given.get('what')}."

    def perform(self, place: Place, given: Given, progress: Progress) -> str:
        self.given.append(given)
        progress.phase = "half way"
        assert self.go_on.wait(20)
        return self.work()


@pytest.fixture
def happened() -> Happened:
    return Happened()


@pytest.fixture
def client(aws: Aws, happened: Happened, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    class Site:
        def client(self, service: str) -> Any:
            return aws.client(service)

        def outputs(self, line: str) -> dict[str, str]:
            return {}

    class Page:
        TITLE, PATH = "Tests", "/tests"
        ACTIONS = (Action("try", "Try it", happened.describe, happened.perform, "Go", fields=(("why", "Why"),)),)

        @staticmethod
        def routes() -> list[Any]:
            return []

    monkeypatch.setattr(app, "PAGES", (*app.PAGES, Page))
    secret = Secret()
    made = TestClient(app.build(Place("dev", Site()), port=8400, secret=secret), base_url=HOME)
    made.get(f"/?key={secret.value}", follow_redirects=False)
    yield made
    happened.go_on.set()


def asked(client: TestClient, **query: str) -> dict[str, str]:
    """Return the hidden fields of the form that asks."""
    text = client.get("/actions/try", params=query).text
    return dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', text))


def sent(client: TestClient, form: dict[str, str]) -> Any:
    return client.post("/actions/try", data=form, headers={"Origin": HOME}, follow_redirects=False)


def ended(client: TestClient, address: str) -> str:
    deadline = time.monotonic() + 20
    while "half way" in (text := client.get(address).text) or ">running<" in text:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return text


def test_it_asks_before_anything_happens(client: TestClient, happened: Happened) -> None:
    form = asked(client, what="this")
    assert (form["what"], len(form["key"])) == ("this", 16)
    assert happened.given == []


def test_what_cannot_be_done_is_told_instead_of_asked(client: TestClient) -> None:
    answer = client.get("/actions/try", params={"nothing": "1"})
    assert (answer.status_code, "ask for something" in answer.text, "<form" in answer.text) == (400, True, False)


def test_however_often_it_is_sent_it_happens_once(client: TestClient, happened: Happened) -> None:
    form = asked(client, what="this") | {"why": "because"}
    addresses = {sent(client, form).headers["location"] for _ in range(3)}
    (address,) = addresses
    assert "half way" in client.get(address).text  # a reload in its middle
    happened.go_on.set()
    assert "all is well" in ended(client, address)
    assert sent(client, form).headers["location"] == address
    assert [dict(given) for given in happened.given] == [{"what": "this", "why": "because"}]


def test_another_form_is_another_action(client: TestClient, happened: Happened) -> None:
    happened.go_on.set()
    for _ in range(2):
        ended(client, sent(client, asked(client, what="this")).headers["location"])
    assert len(happened.given) == 2


@pytest.mark.parametrize(
    ("error", "told"),
    [(LineError("the store is closed: open it"), "the store is closed: open it"), (KeyError("k"), "KeyError")],
)
def test_a_failure_is_told(client: TestClient, happened: Happened, error: Exception, told: str) -> None:
    def fail() -> str:
        raise error

    happened.work = fail
    happened.go_on.set()
    text = ended(client, sent(client, asked(client, what="this")).headers["location"])
    assert ">failed<" in text
    assert told in text


def test_an_action_of_an_earlier_start_is_told(client: TestClient) -> None:
    answer = client.get("/done/0123456789abcdef")
    assert (answer.status_code, "not known to this start" in answer.text) == (400, True)


def test_hostile_values_stay_text(client: TestClient, happened: Happened) -> None:
    happened.work = lambda: HOSTILE
    happened.go_on.set()
    page = client.get("/actions/try", params={"what": HOSTILE, HOSTILE: "name"}).text
    form = asked(client, what="this") | {"what": HOSTILE}
    done = ended(client, sent(client, form).headers["location"])
    unknown = client.get("/actions/<img src=x onerror=alert(1)>").text
    for text in (page, done, unknown):
        assert "<img src=x" not in text
        assert "49" not in re.findall(r"onerror=alert\(1\)&gt;&#39;(\S+)", text)
