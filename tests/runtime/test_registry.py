from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import LineError
from runtime import manifest
from runtime.manifest import Location
from tests.runtime.released import Embedded, Releasing, embedded, releasing


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    with embedded() as found:
        yield found


@pytest.fixture
def line(aws: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Releasing:
    made = releasing(aws, tmp_path, monkeypatch)
    made.trained("run-1")
    return made


def test_a_package_says_where_its_model_comes_from(line: Releasing) -> None:
    registered = line.register("run-1")

    package = line.sagemaker.describe_model_package(ModelPackageName=registered.model_package_arn)
    (container,) = package["InferenceSpecification"]["Containers"]
    told = package["CustomerMetadataProperties"]
    assert registered.version == 1
    assert registered.model_data == f"s3://{line.world.models}/{line.world.paths.line}/run-1/small.tar.gz"
    assert container["ModelDataUrl"] == registered.model_data
    assert package["ModelApprovalStatus"] == "Approved"
    assert (told["run"], told["variant"], told["artefact"]) == ("run-1", "small", registered.artefact)
    assert told["manifest_sha256"] == registered.manifest_sha256


def test_a_run_is_registered_once(line: Releasing) -> None:
    assert line.register("run-1") == line.register("run-1")


def test_each_run_has_a_version_of_its_own(line: Releasing) -> None:
    first = line.register("run-1")
    line.trained("run-2")

    assert (first.version, line.register("run-2").version, line.register("run-1").version) == (1, 2, 1)


def test_an_artefact_that_is_not_the_evaluated_one_is_not_registered(line: Releasing) -> None:
    location = Location(line.world.models, line.paths("run-1").candidate("small"))
    line.world.s3.put_object(Bucket=location.bucket, Key=location.key(manifest.NAME), Body=b"{}")

    with pytest.raises(LineError, match=r"manifest.json is not a manifest"):
        line.register("run-1")

    line.world.s3.delete_object(Bucket=location.bucket, Key=location.key(manifest.NAME))
    with pytest.raises(LineError) as error:
        line.register("run-1")
    assert str(error.value) == f"release: {location.uri}manifest.json is missing: start the run again"
