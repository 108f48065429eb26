import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import LineError
from runtime import endpoint, promotion
from runtime.endpoint import State
from runtime.promotion import Champion
from runtime.release import judged
from tests.runtime.released import Embedded, Releasing, embedded, releasing

CHAMPION = Champion(1, "arn", "s3://m/x/", "ab", "run-0", "deep", "endpoint", "config", {"roc_auc": 0.8})


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    with embedded() as found:
        yield found


@pytest.fixture
def line(aws: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Releasing:
    return releasing(aws, tmp_path, monkeypatch)


def champion(line: Releasing) -> Champion | None:
    return promotion.champion(line.aws.client("dynamodb"), line.ledger, line.world.paths.line)


def serves(line: Releasing) -> int:
    """Ask the endpoint for a prediction; return the version that answered."""
    body = json.dumps({"instances": [{"carrier": "UA", "distance": 300}]}).encode()
    runtime = line.aws.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=line.name, ContentType="application/json", Body=body)
    version: int = json.loads(answer["Body"].read())["model_version"]
    return version


def promoted(line: Releasing, run: str, expected: int | None = None) -> Champion:
    line.trained(run, roc_auc=0.8 + (expected or 0) / 100, champion=expected)
    line.gate(run)
    registered = line.register(run)
    assert line.verify(run, registered, line.deploy(registered)) == {"status": "InService", "message": ""}
    found = champion(line)
    assert found is not None
    return found


def test_a_better_challenger_takes_the_champions_place(line: Releasing) -> None:
    first = promoted(line, "run-1")

    assert (first.version, first.variant, serves(line)) == (1, "small", 1)
    receipt = line.receipt("run-1")
    assert (receipt.status, receipt.outputs["version"], receipt.outputs["role"]) == ("succeeded", 1, "champion")
    assert receipt.outputs["metrics"] == {"roc_auc": 0.8}


def test_a_run_below_its_gate_halts_and_says_so(line: Releasing) -> None:
    line.trained("run-1", roc_auc=0.55)

    assert line.gate("run-1")["decision"] == "halt"

    receipt = line.receipt("run-1")
    assert receipt.status == "halted"
    assert receipt.message.startswith("release: roc_auc 0.5500 is below its gate 0.6: improve the model")
    assert receipt.inspections[0]["passed"] is False
    assert champion(line) is None


def test_a_run_that_does_not_beat_the_champion_is_skipped_and_names_it(line: Releasing) -> None:
    dynamodb = line.aws.client("dynamodb")
    now = Champion(1, "arn", "s3://m/x/", "ab", "run-0", "deep", line.name, "config", {"roc_auc": 0.8})
    promotion.promote(dynamodb, line.ledger, line.world.paths.line, now, expected=None)
    line.trained("run-1", roc_auc=0.8, champion=1)

    assert line.gate("run-1")["decision"] == "keep"

    receipt = line.receipt("run-1")
    assert (receipt.status, receipt.outputs["version"]) == ("skipped", 1)
    assert receipt.message == "release: roc_auc 0.8000 does not beat the champion's 0.8000: the champion stays"


def test_a_comparison_with_a_former_champion_counts_for_nothing(line: Releasing) -> None:
    dynamodb = line.aws.client("dynamodb")
    now = Champion(2, "arn", "s3://m/x/", "ab", "run-0", "deep", line.name, "config", {"roc_auc": 0.8})
    promotion.promote(dynamodb, line.ledger, line.world.paths.line, now, expected=None)
    line.trained("run-1", champion=1)

    with pytest.raises(LineError, match="the champion is version 2 of run 'run-0', expected version 1"):
        line.gate("run-1")


def test_a_model_that_cannot_be_served_leaves_the_old_one_in_service(line: Releasing) -> None:
    first = promoted(line, "run-1")
    line.trained("run-2", roc_auc=0.9, champion=1)
    line.gate("run-2")
    registered = line.register("run-2")
    archive = registered.model_data.removeprefix(f"s3://{line.world.models}/")
    line.world.s3.put_object(Bucket=line.world.models, Key=archive, Body=b"tampered")

    told = line.verify("run-2", registered, line.deploy(registered))

    assert told["status"] == "Failed"
    assert told["message"].startswith(
        f"release: version 2 is not in service on endpoint {line.name!r}: "
        f"its update was rolled back to {first.endpoint_config!r} ("
    )
    assert line.receipt("run-2").status == "failed"
    assert champion(line) == first
    assert serves(line) == 1


def test_a_promoter_that_comes_second_gives_the_endpoint_back(line: Releasing) -> None:
    first = promoted(line, "run-1")
    line.trained("run-2", roc_auc=0.9, champion=1)
    line.gate("run-2")
    line.trained("run-2", roc_auc=0.9)  # as if the first had been promoted only now
    registered = line.register("run-2")

    told = line.verify("run-2", registered, line.deploy(registered))

    assert told["status"] == "Failed"
    assert told["message"].startswith("release: the champion is version 1 of run 'run-1', expected none")
    assert champion(line) == first
    state = endpoint.state(line.sagemaker, line.name)
    assert state is not None
    assert state.in_progress or state.config == first.endpoint_config


@pytest.mark.parametrize("expected", [None, 1])
def test_of_promoters_at_the_same_time_exactly_one_wins(aws: Embedded, expected: int | None) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.table("pk", "sk")
    if expected:
        promotion.promote(dynamodb, table, "flights", CHAMPION, expected=None)
    start, won = threading.Barrier(5), []

    def promote(version: int) -> None:
        client, challenger = aws.client("dynamodb"), replace(CHAMPION, version=version, run=f"run-{version}")
        start.wait()
        try:
            promotion.promote(client, table, "flights", challenger, expected=expected)
        except LineError:
            return
        won.append(challenger)

    threads = [threading.Thread(target=promote, args=(version,)) for version in range(2, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert won == [promotion.champion(dynamodb, table, "flights")]


@pytest.mark.parametrize(
    ("state", "verdict", "words"),
    [
        (State("InService", "new"), "InService", ""),
        (State("InService", "old"), "Failed", "its update was rolled back to 'old': the champion stays"),
        (
            State("InService", "old", "ping failed\n"),
            "Failed",
            "rolled back to 'old' (ping failed): the champion stays",
        ),
        (State("Updating", "old"), "Waiting", ""),
        (State("Creating", "new"), "Waiting", ""),
        (State("RollingBack", "old"), "Waiting", ""),
        (State("Failed", "new", "no image"), "Failed", "it is Failed (no image), expected InService"),
        (State("UpdateRollbackFailed", "new"), "Failed", "it is UpdateRollbackFailed, expected InService"),
        (State("OutOfService", "new"), "Failed", "it is OutOfService, expected InService"),
        (None, "Failed", "the endpoint is gone: start the run again"),
    ],
)
def test_only_the_requested_configuration_in_service_is_success(state: State | None, verdict: str, words: str) -> None:
    status, message = judged(state, endpoint_name="local-flights", config="new", version=2)

    assert status == verdict
    assert words in message
