from dataclasses import replace

import pytest

from config.errors import LineError
from runtime import promotion
from runtime.promotion import Champion
from tests.moto_server import Aws, Scenario, converge

FIRST = Champion(
    version=1,
    model_package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/flights/1",
    artefact="s3://models/flights/run-1/deep/",
    manifest_sha256="ab",
    run="run-1",
    variant="deep",
    endpoint="local-flights",
    endpoint_config="local-flights-1",
    metrics={"roc_auc": 0.78, "brier": 0.1},
)


def test_a_line_has_no_champion_before_its_first_release(aws: Aws) -> None:
    assert promotion.champion(aws.client("dynamodb"), aws.table("pk", "sk"), "flights") is None


def test_the_champion_is_what_was_promoted(aws: Aws) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.table("pk", "sk")

    promotion.promote(dynamodb, table, "flights", FIRST, expected=None)

    assert promotion.champion(dynamodb, table, "flights") == FIRST
    assert promotion.champion(dynamodb, table, "trains") is None


def test_promoting_the_same_again_changes_nothing(aws: Aws) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.table("pk", "sk")
    promotion.promote(dynamodb, table, "flights", FIRST, expected=None)

    promotion.promote(dynamodb, table, "flights", FIRST, expected=None)

    assert promotion.champion(dynamodb, table, "flights") == FIRST


def test_a_stale_comparison_does_not_promote(aws: Aws) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.table("pk", "sk")
    promotion.promote(dynamodb, table, "flights", FIRST, expected=None)
    promotion.promote(dynamodb, table, "flights", replace(FIRST, version=2, run="run-2"), expected=1)

    with pytest.raises(LineError) as error:
        promotion.promote(dynamodb, table, "flights", replace(FIRST, version=3, run="run-3"), expected=1)

    assert str(error.value) == (
        "release: the champion is version 2 of run 'run-2', expected version 1, "
        "which this run's model was compared with: start the run again"
    )


def test_a_promotion_that_is_struck_anywhere_ends_well_when_it_is_done_again(aws: Aws) -> None:
    def scenario() -> Scenario:
        table = aws.table("pk", "sk")
        return Scenario(
            services=("dynamodb",),
            work=lambda client: promotion.promote(client, table, "flights", FIRST, expected=None),
            check=lambda: _is_first(aws, table),
        )

    assert converge(aws, scenario) == ["GetItem", "Query", "TransactWriteItems"]


def _is_first(aws: Aws, table: str) -> None:
    assert promotion.champion(aws.client("dynamodb"), table, "flights") == FIRST
