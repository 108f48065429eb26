"""The REST API of a deployed line over HTTP: Schemathesis, bodies of every bad kind, and what is captured of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from config.loading import ROOT
from runtime.delivery.openapi import document
from runtime.monitoring import windows
from runtime.monitoring.store import Store
from tests.local.embedded import wait_for
from tests.rest_world import LINE, ROW, RestWorld, rest_world

TOO_DEEP = '{"id": ' + "[" * 50_000 + "]" * 50_000 + "}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestWorld]:
    with rest_world(tmp_path_factory.mktemp("rest")) as made:
        yield made
        assert made.site.problems() == []
        assert made.site.grants()["denied"] == 0


@pytest.fixture(scope="module")
def http(world: RestWorld) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.url, headers={"x-api-key": world.key}, timeout=30) as client:
        yield client


def found_by_schemathesis(world: RestWorld, folder: Path, *, examples: int, phases: str) -> tuple[int, str]:
    """Let Schemathesis look at the API, by the document that the API itself serves; return its status and report.

    Not asked of it: an unknown method is a 405, where API Gateway says 403.
    """
    served = httpx.get(f"{world.url}/openapi.json", headers={"x-api-key": world.key})
    (folder / "openapi.json").write_text(served.text)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", "--url", world.url),
            *("--header", f"x-api-key:{world.key}", "--phases", phases, "--checks", "all"),
            *("--exclude-checks", "unsupported_method", "--max-examples", str(examples), "--seed", "1", "--no-color"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_schemathesis_finds_nothing(world: RestWorld, tmp_path: Path) -> None:
    status, told = found_by_schemathesis(world, tmp_path, examples=6, phases="examples,fuzzing")
    assert "Tested: 5" in told
    assert status == 0, told


@pytest.mark.thorough
def test_schemathesis_finds_nothing_in_any_call_however_long_it_looks(world: RestWorld, tmp_path: Path) -> None:
    phases = "examples,coverage,fuzzing,stateful"
    status, told = found_by_schemathesis(world, tmp_path, examples=50, phases=phases)
    assert "Tested: 5" in told
    assert status == 0, told


def test_the_api_serves_its_own_description(world: RestWorld, http: httpx.Client) -> None:
    answer = http.get("/openapi.json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == document(world.bundle.definition)


def test_nobody_without_a_key_is_let_in(world: RestWorld) -> None:
    for key in ({}, {"x-api-key": "guessed-guessed-guessed"}):
        answer = httpx.post(f"{world.url}/predictions", json=ROW, headers=key)
        assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize("path", ["/predictions", "/batches", "/labels"])
@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "\xff",
        TOO_DEEP,
        '{"id": NaN}',
        '{"id": Infinity}',
        '{"id": "\\ud800"}',
        '{"id": 1, "id": 2}',
        '{"id": ' + "9" * 5_000 + "}",
        '{"id": 1e999}',
        '{"canary": 1}',
    ],
)
def test_a_bad_body_is_refused_in_one_clear_line(http: httpx.Client, path: str, body: str) -> None:
    answer = http.post(path, content=body.encode("latin-1"), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    plain = answer.headers["Content-Type"] == "text/plain"
    assert answer.text if plain else answer.json()["message"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("content_type", ["text/xml", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_of_another_type_passes_by_the_schema_and_not_by_the_handler(
    http: httpx.Client, content_type: str
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    assert http.post("/predictions", content=b"<id>1</id>", headers=headers).status_code == 400


def test_a_field_that_is_named_twice_is_refused_and_not_guessed(http: httpx.Client) -> None:
    body = json.dumps(ROW)[:-1] + ', "id": "o2"}'
    answer = http.post("/predictions", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "the body names a field twice, expected each once: send one of its values",
    )


@pytest.mark.parametrize("path", ["/predictions", "/labels"])
def test_a_body_that_is_too_large_is_told(http: httpx.Client, path: str) -> None:
    answer = http.post(path, content=b" " * 600_000 + b"{}", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, "expected at most 524288" in answer.json()["message"]) == (413, True)


@pytest.mark.parametrize("id_", ["a/b", "ä ö", "100%", "%2F", "a+b", "日本", "a?b#c", "..", "o1;x", "\U0001f6eb"])
def test_an_id_of_any_characters_is_predicted_looked_up_and_labelled(http: httpx.Client, id_: str) -> None:
    made = http.post("/predictions", json={**ROW, "id": id_})
    assert (made.status_code, made.json()["id"]) == (200, id_)
    if id_ != "..":  # no HTTP client lets that stand as a part of a path
        assert http.get(f"/predictions/{quote(id_, safe='')}").json() == made.json()
    told = http.post("/labels", json={"prediction_id": made.json()["prediction_id"], "label": 0})
    assert (told.status_code, told.json()) == (202, {"accepted": 1})


def test_what_is_known_may_be_left_out_and_an_unknown_customer_has_no_features(http: httpx.Client) -> None:
    known = http.post("/predictions", json={name: ROW[name] for name in ROW if name != "event_time"})
    unknown = http.post("/predictions", json={**ROW, "customer": "nobody"})
    assert (known.status_code, unknown.status_code) == (200, 200)


def test_a_batch_is_predicted_in_its_order(http: httpx.Client) -> None:
    rows = [{**ROW, "id": f"b{i}", "price": i} for i in range(100)]
    answer = http.post("/batches", json={"instances": rows})
    assert [record["id"] for record in answer.json()["predictions"]] == [row["id"] for row in rows]
    assert http.post("/batches", json={"instances": [*rows, ROW]}).status_code == 400


def test_each_answer_is_captured_once_without_personal_values(world: RestWorld, http: httpx.Client) -> None:
    s3, lake = world.client("s3"), world.outputs["LakeBucket"]

    def captured() -> list[dict[str, Any]]:
        listed = s3.list_objects_v2(Bucket=lake, Prefix=f"captured/{LINE}/2026-05-05/").get("Contents", [])
        bodies = [s3.get_object(Bucket=lake, Key=item["Key"])["Body"].read() for item in listed]
        return [json.loads(line) for body in bodies for line in body.splitlines()]

    for i in range(30):
        row = {**ROW, "id": f"captured-{i}", "event_time": f"2026-05-05T00:00:{i:02}Z"}
        assert http.post("/predictions", json=row).status_code == 200
    http.post("/predictions", json=row)

    def all_captured() -> list[dict[str, Any]] | None:
        lines = captured()
        return lines if len({line["id"] for line in lines}) == 30 else None

    found = wait_for(all_captured)
    assert {line["event_id"] for line in found} == {line["event_id"] for line in captured()}
    assert len({line["event_id"] for line in found}) == 30
    kept = [line["inputs"] for line in found if line["inputs"] is not None]
    assert all(set(inputs) == {"price", "hour", "customer_history__orders"} for inputs in kept)
    store = Store(
        dynamodb=world.client("dynamodb"),
        predictions=world.outputs["PredictionsTable"],
        windows=world.outputs["WindowsTable"],
        line=LINE,
    )
    wait_for(lambda: windows.read(store, "2026-05-05T00:00Z").rows == 30)


def test_poison_in_the_capture_queue_ends_in_its_dead_letters_with_a_reason(world: RestWorld) -> None:
    sqs = world.client("sqs")
    url = world.outputs["CaptureQueueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    letters = sqs.get_queue_url(QueueName=json.loads(policy)["deadLetterTargetArn"].rsplit(":", 1)[1])["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody='{"schema": 2, "line": "canary"}')

    def dead() -> Any:
        return sqs.receive_message(QueueUrl=letters, MessageAttributeNames=["All"]).get("Messages")

    (message,) = wait_for(dead)
    assert message["MessageAttributes"]["reason"]["StringValue"] == "schema is not 1"
    with pytest.raises(sqs.exceptions.ClientError, match="Message must be shorter than 262144 bytes"):
        sqs.send_message(QueueUrl=url, MessageBody="x" * (1 << 20))


def test_the_manuals_client_works_as_it_stands(world: RestWorld) -> None:
    (source, _) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "rest.md").read_text(), re.DOTALL)
    environment = {"PATH": os.environ["PATH"], "URL": world.url, "KEY": world.key}
    done = subprocess.run(
        [sys.executable, "-c", source], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
