from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import LineError
from runtime.checkpoints import Checkpoints, Store
from runtime.manifest import Location
from tests.moto_server import Aws, Scenario, converge


@pytest.fixture
def location(aws: Aws) -> Location:
    return Location(bucket=aws.bucket(), prefix="flights/run-1/deep/")


def opened(aws: Aws, location: Location, folder: Path, attempt: int = 1) -> Checkpoints:
    return Checkpoints.of(Store(aws.client("s3"), location, attempt), folder / f"try-{attempt}")


def keys(aws: Aws, location: Location) -> list[str]:
    found = aws.client("s3").list_objects_v2(Bucket=location.bucket).get("Contents", [])
    return [item["Key"] for item in found]


def test_what_a_try_saved_last_is_what_the_next_one_finds(aws: Aws, location: Location, tmp_path: Path) -> None:
    first = opened(aws, location, tmp_path)
    assert (first.restored, list(first.folder.iterdir())) == (False, [])
    (first.folder / "inner").mkdir()
    for step in ("one", "two"):
        (first.folder / "inner" / "step").write_text(step)
        first.save()
    (first.folder / "inner" / "step").write_text("three")  # never saved

    second = opened(aws, location, tmp_path, 2)

    assert second.restored
    assert (second.folder / "inner" / "step").read_text() == "two"
    assert keys(aws, location) == ["flights/run-1/deep.checkpoint.tar"]


def test_a_training_that_ended_well_leaves_no_checkpoint(aws: Aws, location: Location, tmp_path: Path) -> None:
    made = opened(aws, location, tmp_path)
    made.save()
    made.done()
    assert keys(aws, location) == []


def test_a_try_that_was_taken_for_lost_cannot_overwrite_what_the_later_one_saves(
    aws: Aws, location: Location, tmp_path: Path
) -> None:
    lost = opened(aws, location, tmp_path)
    (lost.folder / "who").write_text("lost")
    lost.save()
    later = opened(aws, location, tmp_path, 2)
    (later.folder / "who").write_text("later")
    later.save()

    with pytest.raises(LineError) as error:
        lost.save()

    assert str(error.value) == (
        f"checkpoint s3://{location.bucket}/flights/run-1/deep.checkpoint.tar: attempt 2 saves it, "
        "and this is attempt 1, which was taken for lost: let it end"
    )
    assert (opened(aws, location, tmp_path, 3).folder / "who").read_text() == "later"


def test_the_later_try_wins_whatever_the_lost_one_saved_meanwhile(aws: Aws, location: Location, tmp_path: Path) -> None:
    lost = opened(aws, location, tmp_path)
    later = opened(aws, location, tmp_path, 2)
    lost.save()
    (later.folder / "who").write_text("later")
    later.save()
    assert (opened(aws, location, tmp_path, 3).folder / "who").read_text() == "later"


@pytest.mark.parametrize("body", [b"", b"not what was saved"])
def test_a_damaged_checkpoint_is_left_aside_with_a_warning(
    aws: Aws, location: Location, tmp_path: Path, body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    s3, first = aws.client("s3"), opened(aws, location, tmp_path)
    (first.folder / "step").write_text("two")
    first.save()
    told = s3.head_object(Bucket=location.bucket, Key=first.store.key)["Metadata"]  # type: ignore[union-attr]
    s3.put_object(Bucket=location.bucket, Key=first.store.key, Body=body, Metadata=told)  # type: ignore[union-attr]

    second = opened(aws, location, tmp_path, 2)

    assert (second.restored, list(second.folder.iterdir())) == (False, [])
    assert second.warning == (
        f"checkpoint s3://{location.bucket}/flights/run-1/deep.checkpoint.tar is not what was saved: "
        "training begins anew"
    )
    assert capsys.readouterr().err == f"{second.warning}\n"
    second.save()
    assert opened(aws, location, tmp_path, 3).restored


def test_a_save_that_is_interrupted_anywhere_is_whole_when_it_is_done_again(aws: Aws, tmp_path: Path) -> None:
    folders = iter(range(1000))

    def scenario() -> Scenario:
        place = Location(bucket=aws.bucket(), prefix="flights/run-1/deep/")
        here = tmp_path / str(next(folders))

        def work(s3: object) -> None:
            made = Checkpoints.of(Store(s3, place, 1), here)
            (made.folder / "step").write_text("two")
            made.save()

        def check() -> None:
            again = opened(aws, place, here, 2)
            assert (again.folder / "step").read_text() == "two"

        return Scenario(("s3",), work, check)

    assert converge(aws, scenario) == ["GetObject", "PutObject"]


def test_outside_a_job_nothing_is_kept(tmp_path: Path) -> None:
    made = Checkpoints(given=tmp_path)
    made.save()
    made.done()
    assert made.folder == tmp_path
