"""The page of throughput where there is little to tell, or much that is hostile."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from starlette.testclient import TestClient

from console.app import build
from console.guard import Secret
from console.pages import throughput
from console.place import Place
from runtime import events, ledger
from tests.moto_server import Aws

HOSTILE = "<img src=x onerror=alert(1)>"
NOW = dt.datetime.now(dt.UTC)


class Seen(Place):
    """An environment whose ledger is there and whose lines are known by name."""

    names: tuple[str, ...] = ()
    table = ""

    def lines(self) -> list[str]:
        return list(self.names)

    def foundation(self) -> dict[str, str]:
        return {"LedgerTable": self.table} if self.table else {}


@pytest.fixture
def place(aws: Aws) -> Seen:
    class Site:
        def client(self, service: str) -> Any:
            return aws.client(service)

        def outputs(self, line: str) -> dict[str, str]:
            return {}

    made = Seen("somewhere", Site())
    made.table = aws.ledger()
    return made


@pytest.fixture
def client(place: Seen) -> TestClient:
    secret = Secret()
    made = TestClient(build(place, port=8400, secret=secret), base_url="http://127.0.0.1:8400")
    made.get(f"/?key={secret.value}", follow_redirects=False)
    return made


def run(place: Seen, line: str, name: str, cause: str) -> None:
    dynamodb = place.client("dynamodb")

    def told(kind: str, station: str, after: int, **more: Any) -> None:
        at = (NOW - dt.timedelta(hours=5) + dt.timedelta(seconds=after)).isoformat()
        detail = {"line": line, "run": name, "station": station, "at": at, **more}
        ledger.record(dynamodb, place.table, {"detail-type": kind, "detail": detail})

    end: dict[str, Any] = {"seconds": 60.0, "inspections": {}}
    told(events.RUN_STARTED, events.WHOLE_RUN, 0)
    told(events.STATION_STARTED, "curation", 5)
    told(events.STATION_FINISHED, "curation", 65, status="halted", message=cause, causes=[cause], **end)
    told(events.RUN_FINISHED, events.WHOLE_RUN, 70, status="halted", message=cause)


def test_an_empty_ledger_says_what_to_do(client: TestClient, place: Seen) -> None:
    place.names = ("shop",)
    assert "no run in this range" in client.get("/throughput").text
    assert "<code>line run shop</code>" in client.get("/throughput/shop").text


def test_an_environment_without_a_ledger_says_so(client: TestClient, place: Seen) -> None:
    place.table, place.names = "", ("shop",)
    text = client.get("/throughput").text
    assert text.count("has no ledger yet: deploy it") == 2


def test_hostile_names_stay_text(client: TestClient, place: Seen) -> None:
    place.names = (HOSTILE,)
    run(place, HOSTILE, HOSTILE, HOSTILE)
    for address in ("/throughput", f"/throughput/{HOSTILE}"):
        text = client.get(address).text
        assert "onerror" in text
        assert HOSTILE not in text


def test_a_thousand_lines_are_listed_and_fifty_of_them_measured(client: TestClient, place: Seen) -> None:
    place.names = tuple(f"line{i:03d}" for i in range(1000))
    text = client.get("/throughput").text
    assert text.count("no run in this range") == throughput._MOST_LINES
    assert all(f">{name}</a>" in text for name in place.names)


def test_a_range_that_is_none_is_told(client: TestClient) -> None:
    answer = client.get("/throughput", params={"days": "soon"})
    assert (answer.status_code, "is no range" in answer.text) == (400, True)
