import re

import pytest

from config.errors import LineError
from jobs.main import Context, run_job
from runtime import receipts
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from tests.jobs.workshop import Workshop
from tests.moto_server import Aws


@pytest.fixture(scope="module")
def workshop(aws: Aws) -> Workshop:
    return Workshop(aws)


def ended(workshop: Workshop, monkeypatch: pytest.MonkeyPatch, outcome: Receipt | Exception) -> tuple[int, Receipt]:
    def work(context: Context) -> Receipt:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setenv("AWS_ENDPOINT_URL", workshop.aws.endpoint)
    name = "training-only"
    code = run_job("training", lambda arguments: f"training-{arguments.variant}", work, argv=_words(workshop))
    receipt = receipts.read(workshop.aws.client("s3"), RunPaths(workshop.lake, "shop", "run-1"), name)
    assert receipt is not None
    return code, receipt


def _words(workshop: Workshop) -> list[str]:
    return [*workshop.words("run-1", {}), "--variant", "only"]


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("flagged", 0), ("halted", 0)])
def test_a_job_that_did_its_work_exits_with_zero(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, status: receipts.Status, code: int
) -> None:
    found = ended(workshop, monkeypatch, Receipt(station="training", status=status))
    assert (found[0], found[1].status) == (code, status)


def test_a_job_tells_how_much_memory_it_held(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    _, receipt = ended(workshop, monkeypatch, Receipt(station="training", status="succeeded"))
    assert 50 < receipt.memory_mb < 10_000


def test_what_a_newer_job_says_besides_is_no_fault(workshop: Workshop) -> None:
    s3, paths = workshop.aws.client("s3"), RunPaths(workshop.lake, "shop", "run-newer")
    body = b'{"station": "training", "status": "succeeded", "mood": "good"}'
    s3.put_object(Bucket=workshop.lake, Key=paths.receipt("training"), Body=body)
    assert receipts.read(s3, paths, "training") == Receipt(station="training", status="succeeded")


def test_a_mistake_is_told_as_it_is(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    code, receipt = ended(workshop, monkeypatch, LineError("lines/shop/train.py: no"))
    assert (code, receipt.status, receipt.message) == (65, "failed", "lines/shop/train.py: no")


def test_an_unexpected_error_keeps_its_trace_in_the_log(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, receipt = ended(workshop, monkeypatch, ValueError("odd\nvery"))
    assert code == 70
    assert re.fullmatch(
        r"training: ValueError at jobs/test_main\.py:\d+ \(unexpected; see the job's log\)", receipt.message
    )
    log = capsys.readouterr().err
    assert "Traceback" in log
    assert "ValueError: odd" in log


def test_a_parameter_that_is_not_declared_is_a_mistake(workshop: Workshop) -> None:
    code, receipt = workshop.run("curate", "run-3", lest=1)
    assert (code, receipt.message) == (
        65,
        "parameter 'lest' is not declared, expected one of least, score_date, test_from, train_from, validation_from: "
        "correct the name or declare it under parameters in line.yaml",
    )


def test_a_missing_argument_is_a_mistake_without_a_receipt(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_job("curation", "curation", lambda _: Receipt("curation", "succeeded"), argv=[]) == 65
    assert capsys.readouterr().err == "curation: argument --line is missing: give it to the job\n"
