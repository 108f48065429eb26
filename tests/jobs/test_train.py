from pathlib import Path

import pytest

from jobs import train
from runtime import manifest, receipts
from tests.jobs.runs import job
from tests.moto_server import Aws
from tests.runtime.modelled import World, world


@pytest.fixture(autouse=True)
def _on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(train, "ROOT", tmp_path)


@pytest.fixture
def line(aws: Aws, tmp_path: Path) -> World:
    return world(aws, tmp_path)


def test_a_variant_becomes_an_artefact_with_its_parameters(line: World, monkeypatch: pytest.MonkeyPatch) -> None:
    code = job(monkeypatch, line, train.main, variant="small")

    found = manifest.read(line.s3, line.location("small"))
    receipt = receipts.read(line.s3, line.paths, "training-small")
    assert code == 0
    assert found is not None
    assert found[0].parameters["max_iter"] == 5
    assert receipt is not None
    assert (receipt.station, receipt.status) == ("training", "succeeded")
    assert receipt.outputs == {
        "variant": "small",
        "artefact": line.location("small").uri,
        "validation": dict(found[0].metrics),
        "columns": 3,
    }


def test_a_variant_that_is_not_in_the_line_is_refused(line: World, monkeypatch: pytest.MonkeyPatch) -> None:
    code = job(monkeypatch, line, train.main, variant="huge")

    receipt = receipts.read(line.s3, line.paths, "training-huge")
    assert code == 65
    assert receipt is not None
    assert receipt.message == (
        f"training: variant 'huge' is not in lines/{line.paths.line}/line.yaml, "
        "expected one of small, large, distance_only: correct the argument --variant"
    )


def test_code_that_raises_leaves_no_artefact_and_a_receipt_that_says_why(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "def train(dataset, parameters):\n    raise KeyError('late')\n"
    line = world(aws, tmp_path, train=code)

    assert job(monkeypatch, line, train.main, variant="small") == 65

    receipt = receipts.read(line.s3, line.paths, "training-small")
    assert receipt is not None
    assert receipt.status == "failed"
    assert receipt.message == f"lines/{line.paths.line}/train.py:2: KeyError: 'late': correct the training code"
    assert manifest.read(line.s3, line.location("small")) is None
