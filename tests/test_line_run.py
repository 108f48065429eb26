"""The ``line`` command as users meet it: whole runs of a small line, and every kind of bad input.

One ``line up`` serves most tests. Its line has a parameter ``mood`` that makes it go wrong in one of several ways, so
that each failure is seen beside what the good run before it left.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.running import find
from config.loading import ROOT
from runtime import manifest, promotion, registry
from runtime.events import STATIONS
from runtime.manifest import Location
from tests.clone import Clone, Ended

MOODY = """    if dataset.parameters["mood"] == "raising":
        raise ValueError("the sea is empty")
    if dataset.parameters["mood"] == "vanishing":
        __import__("os")._exit(0)
    if dataset.parameters["mood"] == "endless" and len(dataset.train.columns) > 1:  # the baseline goes on
        __import__("time").sleep(600)
    if dataset.parameters["mood"] == "guessing":
        dataset.train_labels[:] = dataset.train_labels[::-1]
    model.fit("""
SPOILT = """    CAST(CASE WHEN $mood = 'spoiling' THEN 'many' ELSE CAST(returned AS VARCHAR) END AS INTEGER) AS returned
FROM raw.orders"""


@dataclass(frozen=True)
class Up:
    """A ``line up`` with the line ``shop``, which has run once and succeeded."""

    clone: Clone
    process: subprocess.Popen[str]
    first: Ended

    @property
    def endpoint(self) -> str:
        said: dict[str, str] = json.loads((self.clone.root / ".assembly" / "up.json").read_text())
        return said["endpoint"]

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        return make(service, endpoint_url=self.endpoint)

    @property
    def outputs(self) -> dict[str, str]:
        running = find(self.clone.root)
        assert running is not None
        return running.outputs("shop")

    def bucket(self, kind: str) -> str:
        (name,) = [item["Name"] for item in self.client("s3").list_buckets()["Buckets"] if kind in item["Name"]]
        return str(name)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    made = Clone.make(tmp_path_factory.mktemp("acceptance"))
    made.new(
        "shop",
        ("line.yaml", "parameters:\n", "parameters:\n  mood: {type: string, default: good}\n"),
        ("line.yaml", "timeout_minutes: 5", "timeout_minutes: 1"),
        (
            "line.yaml",
            "\nmonitoring:\n",
            "\nretraining: {on: []}  # what these tests do to it is drift, too\n\nmonitoring:\n",
        ),
        ("train.py", "    model.fit(", MOODY),
        ("curation/orders.sql", "    returned\nFROM raw.orders", SPOILT),
    )
    return made


@pytest.fixture(scope="module")
def up(clone: Clone) -> Iterator[Up]:
    process = clone.start("up", "--port", "0")
    wait_for("endpoint_url", process)  # the last thing that it explains
    try:
        first = clone.line("run", "shop", "--json")
        yield Up(clone=clone, process=process, first=first)
    finally:
        process.send_signal(signal.SIGINT)
        ended = clone.wait(process)
    assert ended.status == 0, ended.stderr
    assert clone.gone(), clone.processes()


@pytest.fixture(scope="module")
def raised(up: Up) -> Ended:
    """A run whose training raised."""
    return up.clone.line("run", "shop", "--json", "-p", "mood=raising")


@dataclass(frozen=True)
class Released:
    """How a version was approved and then rolled back, and what was in service in between."""

    version: int
    approved: Ended
    served: str
    rolled_back: Ended


@pytest.fixture(scope="module")
def released(up: Up) -> Released:
    version = waiting(up, compared_with=1)
    approved = up.clone.line("approve", "shop", str(version), "--by", "ann", "--comment", "looks right", "--json")
    served = in_service(up)
    return Released(version, approved, served, up.clone.line("rollback", "shop", "--by", "bob", "--json"))


def waiting(up: Up, *, compared_with: int) -> int:
    """Register the first run's baseline as a version that waits for approval; return its number."""
    s3, run = up.client("s3"), up.first.document["run"]
    location = Location(up.bucket("models"), f"shop/{run}/price_only/")
    read = manifest.read(s3, location)
    assert read is not None
    group, champion = up.outputs["ModelPackageGroup"], {"version": compared_with}
    described = up.client("sagemaker").describe_model_package(ModelPackageName=champions_package(up))
    trained = {"artefact": location.uri, "manifest_sha256": read[1], "metrics": {"roc_auc": 0.9}, "champion": champion}
    package = registry.register(
        s3=s3,
        sagemaker=up.client("sagemaker"),
        kms=up.client("kms"),
        signing_key=up.outputs["SigningKey"],
        group=group,
        image=described["InferenceSpecification"]["Containers"][0]["Image"],
        trained=trained,
        approval="manual",
    )
    return package.version


def champions_package(up: Up) -> str:
    champion = promotion.champion(up.client("dynamodb"), up.outputs["LedgerTable"], "shop")
    assert champion is not None
    return champion.model_package_arn


def in_service(up: Up) -> str:
    """Return the configuration that the endpoint serves."""
    described = up.client("sagemaker").describe_endpoint(EndpointName=up.outputs["EndpointName"])
    assert described["EndpointStatus"] == "InService"
    config: str = described["EndpointConfigName"]
    return config


def wait_for(text: str, process: subprocess.Popen[str], *, out: bool = False) -> str:
    """Read what the process prints until a line has the text, and return that line, or nothing at its end."""
    stream = process.stdout if out or "endpoint_url" in text else process.stderr
    assert stream is not None
    return next((line for line in stream if text in line), "")


@pytest.fixture(scope="module")
def good_raw(up: Up) -> Path:
    """The raw files of the good runs."""
    folders = (up.clone.root / ".assembly" / "samples").glob("shop-*")
    return next(folders) / "raw"


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


def test_no_call_of_a_run_is_denied_and_every_unused_grant_has_its_reason(up: Up) -> None:
    found = up.first.document["grants"]
    assert found["allowed"] > 1000
    assert (found["denied"], found["unexplained"]) == (0, 0)


def test_grants_are_shown_with_their_use_or_their_reason(up: Up) -> None:
    ended = up.clone.line("grants", "shop", "--json")
    assert ended.status == 0, ended.stderr
    assert (ended.document["missing"], ended.document["unexplained"]) == ([], [])
    gate = {one["action"]: one for one in ended.document["grants"] if one["role"] == "ReleaseGateHandlerRole"}
    assert gate["dynamodb:GetItem"]["used"] > 0
    assert (gate["xray:PutTraceSegments"]["used"], "tracing" in gate["xray:PutTraceSegments"]["why"]) == (0, True)


def test_the_executed_definition_is_the_templates_byte_for_byte(up: Up) -> None:
    states = up.client("stepfunctions")
    execution = states.list_executions(stateMachineArn=up.outputs["StateMachineArn"])["executions"][-1]
    executed = states.describe_state_machine_for_execution(executionArn=execution["executionArn"])["definition"]
    (template,) = (up.clone.root / ".assembly" / "assemblies").glob("*/Shop.template.json")
    resources = json.loads(template.read_text())["Resources"].values()
    machines = [item for item in resources if item["Type"] == "AWS::StepFunctions::StateMachine"]
    (synthesized,) = [item for item in machines if "RunStarted" in json.dumps(item)]
    _, pieces = synthesized["Properties"]["DefinitionString"]["Fn::Join"]
    pattern = "".join(re.escape(piece) if isinstance(piece, str) else '[^"]+?' for piece in pieces)
    assert re.fullmatch(pattern, executed)


@pytest.fixture(scope="module")
def judged(up: Up) -> dict[str, Any]:
    """What the judge says when the clock calls it after the first run; then a file of labels comes."""
    functions = up.client("lambda").list_functions()["Functions"]
    (judge,) = [one["FunctionName"] for one in functions if one["Handler"] == "lambdas.monitoring.judge.handler"]
    event = json.dumps({"time": "2026-11-26T12:00:00Z"}).encode()
    said: dict[str, Any] = json.loads(up.client("lambda").invoke(FunctionName=judge, Payload=event)["Payload"].read())
    body = b'{"prediction_id": "shop:nobody:2026-04-01", "label": 1}\nno label\n'
    up.client("s3").put_object(Bucket=up.bucket("raw"), Key="ground_truth/shop/late labels.jsonl", Body=body)
    return said


def test_the_judge_looks_at_what_the_labels_say(judged: dict[str, Any]) -> None:
    assert judged["monitors"]["performance"] == "ok", judged


def test_a_file_of_labels_reaches_the_table(up: Up, judged: dict[str, Any]) -> None:
    assert judged["unmatched"] == 0
    deadline = time.monotonic() + 60
    waiting: Any = {}
    while time.monotonic() < deadline and not waiting:
        ended = up.clone.line("labels", "shop", "--unmatched", "--json")
        waiting = ended.document["waiting"]
    assert [one["about"] for one in waiting] == ["shop:nobody:2026-04-01"]


@pytest.fixture(scope="module")
def signed(up: Up) -> subprocess.CompletedProcess[str]:
    """What came of the manual's client with signed requests, which asks, looks up and tells a label."""
    (_, source) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "rest.md").read_text(), re.DOTALL)
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    environment = {"URL": up.outputs["RestUrl"], "AWS_DEFAULT_REGION": "us-east-1", **dict.fromkeys(names, "test")}
    return subprocess.run(
        [sys.executable, "-c", source],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.usefixtures("raised", "released", "judged", "signed")  # so that the handlers that no good run calls ran
def test_each_handler_ran_on_its_own_role(up: Up) -> None:
    functions = up.client("lambda").list_functions()["Functions"]
    roles = {function["FunctionName"]: function["Role"].rpartition("/")[2] for function in functions}
    assert len(set(roles.values())) == len(roles)
    running = find(up.clone.root)
    assert running is not None
    deadline, idle = time.monotonic() + 60, list(roles)
    while idle and time.monotonic() < deadline:  # a file of labels is heard of when it was put, and not at once
        callers = running.status()["callers"]
        idle = [name for name, role in roles.items() if role not in callers and "LookUp" not in name]
    assert idle == []


@pytest.mark.thorough
def test_a_second_run_asks_the_rest_channel_and_keeps_the_champion(up: Up) -> None:
    before = last_good(up)
    ended = up.clone.line("run", "shop")
    assert (ended.status, bool(re.search(r"one POST answered 200: 0\.\d+", ended.stdout))) == (0, True), ended.stdout
    assert last_good(up)[1] == before[1]


def test_the_manuals_signed_client_works_as_it_stands(signed: subprocess.CompletedProcess[str]) -> None:
    assert signed.returncode == 0, signed.stderr


def one_clear_error(ended: Ended, message: str, status: int = 1) -> None:
    """Assert that the command ended with this status, and told this as its last line and without a trace."""
    assert (ended.status, bool(re.fullmatch(message, ended.told))) == (status, True), ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout


def last_good(up: Up) -> tuple[Any, Any]:
    """What readers of the line see: the snapshots of its published tables, and the champion."""
    glue, dynamodb, s3 = up.client("glue"), up.client("dynamodb"), up.client("s3")
    (database,) = {item["Name"] for item in glue.get_databases()["DatabaseList"]}
    snapshots = {}
    for name in ("shop_orders", "shop_customers", "shop_customer_history", "shop_predictions"):
        location = glue.get_table(DatabaseName=database, Name=name)["Table"]["Parameters"]["metadata_location"]
        bucket, _, key = location.removeprefix("s3://").partition("/")
        metadata = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        snapshots[name] = metadata["refs"]["main"]["snapshot-id"]
    (ledger,) = [name for name in dynamodb.list_tables()["TableNames"] if "LedgerTable" in name]
    item = dynamodb.get_item(TableName=ledger, Key={"pk": {"S": "LINE#shop"}, "sk": {"S": "CHAMPION"}})["Item"]
    return snapshots, item["version"]["N"]


def test_an_unknown_line_is_a_usage_error(up: Up) -> None:
    one_clear_error(
        up.clone.line("run", "shpo"),
        "error: line 'shpo' is unknown, expected one of shop: correct the name or make it with `line new shpo`",
        status=2,
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("features:\n  cust", "features: [\n  cust", r"{file}:\d+:\d+: broken YAML: .*: correct it"),
        (
            "hours: 168",
            "hours: 168\n  hour: 1",
            r"{file}: scoring\.hour: unknown key, expected one of date, hours: correct or remove it",
        ),
    ],
)
def test_a_definition_that_cannot_be_read_fails_before_anything_starts(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    alone = Clone.make(tmp_path)
    alone.new("broken", ("line.yaml", old, new))
    one_clear_error(alone.line("run", "broken"), message.format(file=r"error: lines/broken/line\.yaml"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("price", "cost"), r"error: curation: s3://.*/shop/orders/orders\.csv: column 'price' is missing; .*"),
        pytest.param(None, r"error: curation: s3://.*/shop/orders/orders\.csv.* empty.*", marks=pytest.mark.thorough),
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
    ("mood", "status", "message"),
    [
        pytest.param(
            "spoiling",
            "failed",
            r"error: curation: lines/shop/curation/orders\.sql.*'many'.*",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            "vanishing",
            "failed",
            r"error: training: variant 'boosting' ended without an artefact .*",
            marks=pytest.mark.thorough,
        ),
        ("guessing", "halted", r"error: release: .*roc_auc.*0\.6.*"),
    ],
)
def test_a_line_that_goes_wrong_ends_at_its_station_and_the_champion_stays(
    up: Up, mood: str, status: str, message: str
) -> None:
    _, champion = last_good(up)
    ended = up.clone.line("run", "shop", "--json", "-p", f"mood={mood}")
    one_clear_error(ended, message)
    assert ended.document["status"] == status
    assert last_good(up)[1] == champion


def test_training_code_that_raises_is_told_with_its_place(raised: Ended) -> None:
    one_clear_error(raised, r"error: training: lines/shop/train\.py:\d+: ValueError: the sea is empty.*")
    assert raised.document["status"] == "failed"


@pytest.mark.thorough
def test_training_that_never_ends_is_ended_at_its_timeout(up: Up) -> None:
    endless = up.clone.line("run", "shop", "-p", "mood=endless")
    one_clear_error(endless, r"error: training: .*(1 minute|60 s|timeout|timed out|time-out).*")


@pytest.mark.thorough
def test_a_tampered_artefact_is_refused(up: Up) -> None:
    s3, bucket = up.client("s3"), up.bucket("models")
    key = f"shop/{up.first.document['run']}/boosting/model.skops"
    good = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=good + b"tampered")
    try:
        one_clear_error(up.clone.line("run", "shop", "--force", "training"), r"error: training: .*model\.skops.*")
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=good)


def test_an_approval_puts_a_version_into_production(released: Released) -> None:
    assert released.approved.status == 0, released.approved.stderr
    told = released.approved.document
    assert (told["version"], told["status"], told["remark"]) == (released.version, "approved", "by ann: looks right")
    assert told["endpoint_config"] == released.served


def test_a_rollback_puts_the_former_version_back_in_seconds(up: Up, released: Released) -> None:
    assert released.rolled_back.status == 0, released.rolled_back.stderr
    told = released.rolled_back.document
    assert (told["from"], told["version"], told["production"], told["by"]) == (released.version, 1, 3, "bob")
    assert told["endpoint_config"] == in_service(up) != released.served
    assert told["seconds"] < 60
    assert last_good(up)[1] == "1"


def test_the_history_of_production_tells_what_was_in_it_why_and_who_decided(up: Up, released: Released) -> None:
    version = released.version
    times = promotion.history(up.client("dynamodb"), up.outputs["LedgerTable"], "shop")
    assert [(time.champion.version, time.why, time.who) for time in times[1:]] == [
        (version, f"approval of version {version}", "by ann: looks right"),
        (1, f"rollback of version {version}", "bob"),
    ]
    assert [bool(time.rolled_back) for time in times] == [False, True, False]


def test_a_release_that_cannot_be_is_told_and_changes_nothing(up: Up, released: Released) -> None:
    before = last_good(up), in_service(up)
    one_clear_error(
        up.clone.line("approve", "shop", "9"),
        r"error: release: version 9 of line 'shop' is unknown, expected one that waits .* \(none is waiting\): .*",
    )
    one_clear_error(
        up.clone.line("approve", "shop", str(released.version)),
        rf"error: release: version {released.version} of line 'shop' is Rejected, "
        r"expected one that waits for approval .*",
    )
    one_clear_error(
        up.clone.line("rollback", "shop"),
        r"error: release: version 1 of line 'shop' has no version before it .*, so there is nothing to go back to: .*",
    )
    one_clear_error(up.clone.line("rollback", "shpo"), r"error: line 'shpo' is unknown, .*", status=2)
    assert (last_good(up), in_service(up)) == before


@pytest.mark.thorough
def test_an_approval_that_came_too_late_is_refused_and_marked(up: Up) -> None:
    before = last_good(up), in_service(up)
    sagemaker = up.client("sagemaker")
    copied = sagemaker.describe_model_package(ModelPackageName=champions_package(up))
    said = {**copied["CustomerMetadataProperties"], "artefact": "s3://models/shop/late/", "compared_with": "7"}
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=up.outputs["ModelPackageGroup"],
        InferenceSpecification=copied["InferenceSpecification"],
        ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties={**said, "approval": "manual"},
    )["ModelPackageArn"]
    one_clear_error(
        up.clone.line("approve", "shop", arn.rsplit("/", 1)[1]),
        r"error: release: version \d was compared with version 7, but the champion is version 1: .*too late: .*",
    )
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "Rejected"
    assert (last_good(up), in_service(up)) == before


def test_a_port_in_use_is_told(clone: Clone) -> None:
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


@pytest.mark.thorough
def test_ctrl_c_ends_a_run_and_everything_that_it_started(clone: Clone, tmp_path: Path) -> None:
    alone = clone.at_home(tmp_path)
    process = alone.start("run", "shop", "--port", "0")
    wait_for("curation succeeded", process)
    process.send_signal(signal.SIGINT)
    one_clear_error(alone.wait(process), "interrupted: everything that this command started has been ended", status=130)
    assert alone.gone(), alone.processes()
    assert list(tmp_path.glob("tmp/assembly-line-*")) == []


@pytest.mark.thorough
def test_a_resource_that_the_embedded_aws_does_not_support_is_told(tmp_path: Path) -> None:
    alone = Clone.make(tmp_path)
    alone.new("shop")
    app = alone.root / "app.py"
    odd = 'cdk.CfnResource(app.node.find_child("Shop"), "Odd", type="AWS::IoT::Thing")\n    app.synth()'
    app.write_text(app.read_text().replace("app.synth()", odd, 1))
    one_clear_error(alone.line("run", "shop"), r"error: .*AWS::IoT::Thing.*")
    assert alone.gone(), alone.processes()
