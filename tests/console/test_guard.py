"""Who is let in: nobody without the key, no other host name, no other page's form."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from console.app import build
from console.guard import Secret
from console.place import Place
from tests.moto_server import Aws

PORT = 8400
HOME = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def secret() -> Secret:
    return Secret()


@pytest.fixture
def client(aws: Aws, secret: Secret) -> TestClient:
    class Site:
        def client(self, service: str) -> Any:
            return aws.client(service)

        def outputs(self, line: str) -> dict[str, str]:
            return {}

    return TestClient(build(Place("dev", Site()), port=PORT, secret=secret), base_url=HOME, follow_redirects=False)


@pytest.fixture
def inside(client: TestClient, secret: Secret) -> TestClient:
    assert client.get(f"/?key={secret.value}").status_code == 303
    return client


def test_the_printed_address_lets_in_and_its_key_leaves_the_address(client: TestClient, secret: Secret) -> None:
    answer = client.get(f"/?key={secret.value}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=strict"} <= set(answer.headers["set-cookie"].split("; "))
    assert client.get("/lines").status_code == 200


@pytest.mark.parametrize("address", ["/lines", "/?key=wrong", "/done/abc", "/actions/approve"])
def test_without_the_key_nothing_is_shown(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "text/plain; charset=utf-8")
    assert "open the whole address" in answer.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", f"evil.example:{PORT}", "127.0.0.1:1"])
def test_another_name_of_the_host_is_refused(inside: TestClient, host: str) -> None:
    assert inside.get("/lines", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": HOME, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_a_form_of_another_page_does_nothing(inside: TestClient, headers: dict[str, str]) -> None:
    answer: httpx.Response = inside.post("/actions/approve", data={}, headers=headers)
    assert answer.status_code == 403


def test_a_form_without_its_token_does_nothing(inside: TestClient) -> None:
    answer = inside.post("/actions/approve", data={"key": "k", "form_token": "wrong"}, headers={"Origin": HOME})
    assert (answer.status_code, "earlier start" in answer.text) == (400, True)


def test_every_answer_is_shut_in(inside: TestClient) -> None:
    for address in ("/lines", "/nowhere", "/static/console.css"):
        headers = inside.get(address).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
