"""The ``line`` command as users meet it: whole runs of small lines, and every kind of bad input."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from runtime.events import STATIONS
from tests.clone import Clone, Ended

ENDLESS = "import time\n    time.sleep(600)\n    model.fit("
RAISES = 'raise ValueError("the sea is empty")\n    model.fit('
VANISHES = "import os\n    os._exit(0)\n    model.fit("


@dataclass(frozen=True)
class Up:
    """A ``line up`` with the good line ``shop``, which has run once, and lines that are each wrong in one way."""

    clone: Clone
    process: subprocess.Popen[str]
    first: Ended
    endless: subprocess.Popen[str]

    @property
    def endpoint(self) -> str:
        said: dict[str, str] = json.loads((self.clone.root / ".assembly" / "up.json").read_text())
        return said["endpoint"]

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        return make(service, endpoint_url=self.endpoint)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    made = Clone.make(tmp_path_factory.mktemp("acceptance"))
    yield made
    assert made.gone(), made.processes()


@pytest.fixture(scope="module")
def up(clone: Clone) -> Iterator[Up]:
    clone.new("shop")
    clone.new("gated", ("line.yaml", "minimum: 0.6", "minimum: 0.99"))
    clone.new("raises", ("train.py", "model.fit(", RAISES))
    clone.new("vanishes", ("train.py", "model.fit(", VANISHES))
    clone.new("endless", ("train.py", "model.fit(", ENDLESS), ("line.yaml", "timeout_minutes: 5", "timeout_minutes: 1"))
    clone.new("wrongsql", ("curation/orders.sql", "    returned", "    retuned AS returned"))
    process = clone.start("up", "--port", "0")
    assert process.stdout is not None
    for line in process.stdout:
        if "endpoint_url" in line:  # the last thing that it explains
            break
    try:
        endless = clone.start("run", "endless")
        yield Up(clone=clone, process=process, first=clone.line("run", "shop", "--json"), endless=endless)
    finally:
        process.send_signal(signal.SIGINT)
        ended = clone.wait(process)
    assert ended.status == 0, ended.stderr


@pytest.fixture(scope="module")
def good_raw(up: Up) -> Path:
    """The raw files of the good line."""
    (folder,) = (up.clone.root / ".assembly" / "samples").glob("shop-*")
    return folder / "raw"


def test_a_run_succeeds_and_prints_one_document(up: Up) -> None:
    assert (up.first.status, up.first.document["status"]) == (0, "succeeded"), up.first.stderr


def test_every_station_of_a_run_ends_well(up: Up) -> None:
    stations = {entry["station"]: entry["status"] for entry in up.first.document["stations"]}
    assert list(stations) == list(STATIONS)
    assert set(stations.values()) <= {"succeeded", "flagged"}


def test_every_channel_delivers_every_prediction(up: Up) -> None:
    delivered = up.first.document["delivered"]
    assert {delivered[channel] for channel in ("table", "topic", "queue")} == {280}
    files = up.client("s3").list_objects_v2(Bucket=delivered["s3"].split("/")[2])["Contents"]
    assert any(item["Key"].endswith("predictions.jsonl") for item in files)


def test_the_model_in_service_passed_its_gate_on_held_out_rows(up: Up) -> None:
    model = up.first.document["model"]
    assert (model["version"], model["role"]) == (1, "champion")
    assert model["metrics"]["roc_auc"] >= 0.6


def test_the_ground_truth_joins(up: Up) -> None:
    assert up.first.document["monitoring"]["performance"]["n"] == 280


def test_no_call_of_a_run_is_denied(up: Up) -> None:
    assert up.first.document["grants"]["denied"] == 0


def test_the_rest_channel_answers_a_signed_request(up: Up) -> None:
    ended = up.clone.line("run", "shop")
    assert (ended.status, bool(re.search(r"one POST answered 200: 0\.\d+", ended.stdout))) == (0, True), ended.stdout


def one_clear_error(ended: Ended, message: str, status: int = 1) -> None:
    """Assert that the command ended with this status, and told this as its last line and without a trace."""
    assert (ended.status, bool(re.fullmatch(message, ended.told))) == (status, True), ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout


def last_good(up: Up) -> tuple[Any, Any]:
    """What readers of the good line see: the snapshot of its curated table, and the champion."""
    foundation = {item["Name"] for item in up.client("glue").get_databases()["DatabaseList"]}
    (database,) = foundation
    table = up.client("glue").get_table(DatabaseName=database, Name="shop_orders")["Table"]
    bucket, _, key = table["Parameters"]["metadata_location"].removeprefix("s3://").partition("/")
    metadata = json.loads(up.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    (ledger,) = [name for name in up.client("dynamodb").list_tables()["TableNames"] if "edger" in name]
    item = up.client("dynamodb").get_item(TableName=ledger, Key={"pk": {"S": "LINE#shop"}, "sk": {"S": "CHAMPION"}})
    return metadata["refs"]["main"]["snapshot-id"], item["Item"]["version"]["N"]


def test_an_unknown_line_is_a_usage_error(up: Up) -> None:
    known = "endless, gated, raises, shop, vanishes, wrongsql"
    one_clear_error(
        up.clone.line("run", "shpo"),
        f"error: line 'shpo' is unknown, expected one of {known}: correct the name or make it with `line new shpo`",
        status=2,
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "features:\n  cust",
            "features: [\n  cust",
            r"error: lines/broken/line\.yaml:\d+:\d+: broken YAML: .*: correct it",
        ),
        (
            "hours: 168",
            "hours: 168\n  hour: 1",
            r"{file}: scoring\.hour: unknown key, expected one of date, hours: correct or remove it",
        ),
    ],
)
def test_a_definition_that_cannot_be_read_fails_before_anything_starts(
    clone: Clone, old: str, new: str, message: str
) -> None:
    shutil.rmtree(clone.root / "lines" / "broken", ignore_errors=True)
    clone.new("broken", ("line.yaml", old, new))
    try:
        one_clear_error(clone.line("run", "broken"), message.format(file=r"error: lines/broken/line\.yaml"))
    finally:
        shutil.rmtree(clone.root / "lines" / "broken")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("price", "cost"), r"error: curation: .*shop/orders/orders\.csv.*'price'.*"),
        (None, r"error: curation: .*shop/orders/orders\.csv.*empty.*"),
    ],
)
def test_a_bad_raw_file_leaves_readers_on_the_last_good_data(
    up: Up, good_raw: Path, tmp_path: Path, change: tuple[str, str] | None, message: str
) -> None:
    before = last_good(up)
    shutil.copytree(good_raw, tmp_path / "raw")
    orders = tmp_path / "raw" / "orders" / "orders.csv"
    orders.write_text(orders.read_text().replace(*change, 1) if change else "")
    one_clear_error(up.clone.line("run", "shop", "--raw", str(tmp_path / "raw")), message)
    assert last_good(up) == before


def test_a_test_with_severity_error_halts_the_run_and_keeps_the_last_good_data(
    up: Up, good_raw: Path, tmp_path: Path
) -> None:
    before = last_good(up)
    shutil.copytree(good_raw, tmp_path / "raw")
    orders = tmp_path / "raw" / "orders" / "orders.csv"
    lines = orders.read_text().splitlines(keepends=True)
    orders.write_text("".join([*lines, lines[1]]))
    ended = up.clone.line("run", "shop", "--json", "--raw", str(tmp_path / "raw"))
    assert (ended.status, ended.document["status"]) == (1, "halted"), ended.stderr
    assert ended.document["inspections"]["error"] == 1
    assert last_good(up) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("wrongsql", r"error: curation: lines/wrongsql/curation/orders\.sql:8: .*\"retuned\".*"),
        ("raises", r"error: training: .*ValueError.*the sea is empty.*"),
        ("vanishes", r"error: training: variant 'boosting' ended without an artefact .*"),
    ],
)
def test_a_line_that_is_wrong_fails_at_its_station(up: Up, line: str, message: str) -> None:
    one_clear_error(up.clone.line("run", line), message)


def test_a_model_below_its_gate_halts_and_nothing_gets_into_service(up: Up) -> None:
    ended = up.clone.line("run", "gated", "--json")
    assert (ended.status, ended.document["status"], ended.document["model"]["version"]) == (1, "halted", None)
    one_clear_error(ended, r"error: release: .*roc_auc.*0\.99.*")


def test_a_tampered_artefact_is_refused(up: Up) -> None:
    s3 = up.client("s3")
    (bucket,) = [item["Name"] for item in s3.list_buckets()["Buckets"] if "models" in item["Name"]]
    run = up.first.document["run"]
    key = f"shop/{run}/boosting/model.skops"
    good = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=good + b"tampered")
    try:
        one_clear_error(up.clone.line("run", "shop"), r"error: .*model\.skops.*")
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=good)


def test_training_that_never_ends_is_ended_at_its_timeout(up: Up) -> None:
    one_clear_error(up.clone.wait(up.endless), r"error: training: .*(1 minute|60 s|timeout|timed out).*")


@pytest.mark.parametrize("command", [("run", "shop"), ("up", "shop")])
def test_a_port_in_use_is_told(clone: Clone, command: tuple[str, ...], up: Up) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = clone.line("run", "shop", "--port", str(port))
    one_clear_error(ended, rf"error: port {port}: it is in use: give another, or --port 0 for any that is free")


def test_a_second_up_is_told_of_the_first(up: Up) -> None:
    one_clear_error(
        up.clone.line("up", "--port", "0"),
        rf"error: a `line up` runs already, as process {up.process.pid} at {up.endpoint}: "
        "use it, or end it with Ctrl-C",
    )


def test_ctrl_c_ends_a_run_and_everything_that_it_started(tmp_path: Path) -> None:
    alone = Clone.make(tmp_path)
    alone.new("shop")
    process = alone.start("run", "shop")
    assert process.stderr is not None
    for line in process.stderr:
        if "curation succeeded" in line:
            break
    process.send_signal(signal.SIGINT)
    one_clear_error(alone.wait(process), "interrupted: everything that this command started has been ended", status=130)
    assert alone.gone(), alone.processes()
    assert list((tmp_path / "home" / "tmp").glob("assembly-line-*")) == []


def test_a_resource_that_the_embedded_aws_does_not_support_is_told(tmp_path: Path) -> None:
    alone = Clone.make(tmp_path)
    alone.new("shop")
    app = alone.root / "app.py"
    app.write_text(app.read_text().replace("app.synth()", UNSUPPORTED, 1))
    one_clear_error(alone.line("run", "shop"), r"error: .*AWS::IoT::Thing.*")
    assert alone.gone(), alone.processes()


UNSUPPORTED = """import aws_cdk
stack = next(child for child in app.node.children if isinstance(child, aws_cdk.Stack))
aws_cdk.CfnResource(stack, "Odd", type="AWS::IoT::Thing")
app.synth()"""
