"""Approvals and rollbacks, and everything that is refused; over the small AWS in memory."""

from __future__ import annotations

import pytest

from config.errors import LineError
from runtime import promotion, receipts
from tests.runtime.memory import Fault
from tests.runtime.release_world import ENDPOINT, LEDGER, LINE, MODELS, World, tampered


@pytest.fixture
def world() -> World:
    """Version 1 in production, and version 2 waiting for approval."""
    made = World()
    assert made.finish(made.run(roc_auc=0.8)) == "InService"
    made.approval = "manual"
    assert made.finish(made.run(roc_auc=0.9)) == "held"
    return made


def approve(world: World, version: int) -> str:
    process = world.hear(world.decide(version, "Approved"))
    assert process is not None
    return world.finish(process)


def in_production(world: World) -> int:
    champion = world.champion()
    assert champion is not None
    if world.hosted:
        endpoint = world.sagemaker.endpoints[ENDPOINT]
        assert (endpoint.status, endpoint.config) == ("InService", champion.endpoint_config)
    return champion.version


def receipt(world: World, run: str) -> receipts.Receipt:
    found = receipts.read(world.s3, world.paths(run), "release")
    assert found is not None
    return found


def test_a_run_goes_on_with_the_champion_while_its_version_waits(world: World) -> None:
    told = receipt(world, "run-2")
    assert (told.status, told.outputs["version"], told.outputs["waiting"]) == ("flagged", 1, 2)
    assert told.message == (
        "release: version 2 waits for approval, version 1 stays in production: line approve flights 2"
    )
    assert in_production(world) == 1


def test_a_first_run_whose_version_waits_ends_early_and_well() -> None:
    world = World(approval="manual")
    assert world.finish(world.run(roc_auc=0.8)) == "held"
    told = receipt(world, "run-1")
    assert (told.status, told.message) == (
        "waiting",
        "release: version 1 waits for approval, nothing is in production yet: line approve flights 1",
    )


def test_an_approved_version_goes_into_production_and_its_run_says_so(world: World) -> None:
    assert approve(world, 2) == "InService"
    assert in_production(world) == 2
    assert [(time.champion.version, time.why, time.who) for time in world.history()] == [
        (1, "run run-1", "the run"),
        (2, "approval of version 2", "by ann"),
    ]
    assert (receipt(world, "run-2").status, receipt(world, "run-2").outputs["version"]) == ("succeeded", 2)


def test_the_same_event_again_starts_nothing(world: World) -> None:
    event = world.decide(2, "Approved")
    assert world.hear(event) is not None
    assert world.hear(event) is None


def test_a_second_approval_of_the_champion_changes_nothing(world: World) -> None:
    approve(world, 2)
    assert approve(world, 2) == "in production already"
    assert len(world.history()) == 2


def test_a_version_that_its_own_run_releases_is_left_to_it(world: World) -> None:
    assert world.hear(world.decide(1, "Approved")) is None


def test_a_rejected_version_starts_nothing_and_its_run_again_keeps_the_champion(world: World) -> None:
    assert world.hear(world.decide(2, "Rejected", "by ann: odd")) is None
    assert world.finish(world.again("run-2")) == "held"
    told = receipt(world, "run-2")
    assert (told.status, told.message) == (
        "skipped",
        "release: version 2 was rejected (by ann: odd), version 1 stays in production: "
        "train another with line run flights --force training",
    )


def test_a_stale_approval_is_refused_and_marked(world: World) -> None:
    world.finish(world.run(roc_auc=0.95))
    approve(world, 3)

    assert approve(world, 2) == (
        "release: version 2 was compared with version 1, but the champion is version 3: the approval came too late: "
        "run the line again (`line run flights`)"
    )
    assert world.status(2) == "Rejected"
    assert in_production(world) == 3


def test_what_is_not_approved_any_more_is_not_released(world: World) -> None:
    process = world.hear(world.decide(2, "Approved"))
    assert process is not None
    world.decide(2, "Rejected")
    assert world.finish(process).startswith("release: version 2 is Rejected, expected Approved")


def test_a_package_that_no_run_registered_is_refused(world: World) -> None:
    arn = world.sagemaker.create_model_package(
        ClientToken="x",
        ModelPackageGroupName=ENDPOINT,
        InferenceSpecification={"Containers": [{"ModelDataUrl": "s3://x/y"}]},
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={},
    )["ModelPackageArn"]
    with pytest.raises(LineError, match="says no 'artefact', expected one that a run registered"):
        world.hear({"id": "1", "detail": {"ModelPackageArn": arn}})


def test_an_unknown_package_is_refused(world: World) -> None:
    with pytest.raises(LineError, match="is unknown, expected a registered version"):
        world.hear({"id": "1", "detail": {"ModelPackageArn": world.arn(9)}})


@pytest.mark.parametrize("how", range(11))
def test_a_tampered_version_is_not_released(world: World, how: int) -> None:
    list(tampered(world, 2))[how]()
    try:
        told = approve(world, 2)
    except (AssertionError, LineError) as error:
        told = str(error)  # of a record that is another line's now, nothing is even started
    assert told != "InService"
    assert in_production(world) == 1


def test_half_an_artefact_is_refused(world: World) -> None:
    assert world.finish(world.run(roc_auc=0.95, whole=False)) == (
        f"release: s3://{MODELS}/flights/run-3/small/manifest.json is missing: start the run again"
    )


def test_of_two_approved_at_once_one_wins(world: World) -> None:
    world.finish(world.run(roc_auc=0.95))
    two = [world.hear(world.decide(version, "Approved")) for version in (2, 3)]
    for _ in range(20):
        for process in two:
            assert process is not None
            if not process.ended:
                world.advance(process)
        world.sagemaker.tick()
    results = [process.result for process in two if process is not None]
    assert results.count("InService") == 1
    assert in_production(world) == results.index("InService") + 2


def test_rollbacks_go_one_version_back_at_a_time(world: World) -> None:
    approve(world, 2)
    world.finish(world.run(roc_auc=0.95))
    approve(world, 3)

    assert world.finish(world.roll_back()) == "InService"
    assert (in_production(world), world.status(3)) == (2, "Rejected")
    assert world.finish(world.roll_back()) == "InService"
    assert in_production(world) == 1
    assert world.finish(world.roll_back()) == (
        "release: version 1 of line 'flights' has no version before it that was in production and was not rolled back "
        "itself, so there is nothing to go back to: release another with `line run flights`"
    )


def test_a_rollback_of_what_is_not_in_production_any_more_is_refused(world: World) -> None:
    approve(world, 2)
    both = [world.roll_back(number=2), world.roll_back(number=2)]
    assert world.finish(both[0]) == "InService"
    assert world.finish(both[1]).startswith("release: production is number 3 (version 1), expected number 2, which")


def test_a_version_that_was_rolled_back_is_not_promoted_again(world: World) -> None:
    approve(world, 2)
    world.finish(world.roll_back())

    assert "was rolled back" in approve(world, 2)
    assert world.finish(world.again("run-2")) == "held"
    assert "version 2 was rolled back" in receipt(world, "run-2").message
    assert in_production(world) == 1


def test_a_later_run_with_the_same_model_may_be_released(world: World) -> None:
    approve(world, 2)
    world.finish(world.roll_back())
    world.finish(world.run(roc_auc=0.9))
    assert approve(world, 3) == "InService"


def test_a_rollback_waits_for_nobody_who_is_at_the_endpoint(world: World) -> None:
    approve(world, 2)
    world.finish(world.run(roc_auc=0.95))
    process = world.hear(world.decide(3, "Approved"))
    assert process is not None
    for _ in range(2):
        world.advance(process)  # chosen, then asked for
    assert world.finish(world.roll_back()) == (
        "release: version 1 cannot be put back into service on endpoint 'local-flights': another release is changing "
        "it, expected InService: wait until it is and roll back again"
    )


def test_a_tampered_former_version_is_not_put_back(world: World) -> None:
    approve(world, 2)
    world.s3.put_object(Bucket=MODELS, Key="flights/run-1/small/model.skops", Body=b"another")
    assert world.finish(world.roll_back()).startswith(
        f"model artefact s3://{MODELS}/flights/run-1/small/: model.skops is not the file that was saved"
    )
    assert in_production(world) == 2


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(12))
def test_a_rollback_that_dies_anywhere_is_done_again(world: World, at: int, after: bool) -> None:
    approve(world, 2)
    process = world.roll_back(number=2)
    for _ in range(12):
        if not process.ended:
            world.advance(process, Fault(at=at, after=after))
            world.sagemaker.tick()
    assert world.finish(process) == "InService"
    assert (in_production(world), len(world.history()), world.status(2)) == (1, 3, "Rejected")


def test_a_line_without_an_endpoint_is_released_and_rolled_back_at_once() -> None:
    world = World(hosted=False)
    for roc_auc in (0.8, 0.9):
        world.finish(world.run(roc_auc=roc_auc))
    assert in_production(world) == 2
    assert world.finish(world.roll_back()) == "InService"
    assert in_production(world) == 1
    assert world.sagemaker.endpoints == {}


def test_a_champion_from_before_the_history_becomes_its_beginning(world: World) -> None:
    for place in [place for place in world.dynamodb.items if place[2].startswith("PRODUCTION#")]:
        del world.dynamodb.items[place]
    del world.dynamodb.items[LEDGER, f"LINE#{LINE}", promotion.CHAMPION]["production"]
    assert approve(world, 2) == "InService"
    assert [(time.number, time.champion.version, time.why) for time in world.history()] == [
        (1, 1, "before there was a history"),
        (2, 2, "approval of version 2"),
    ]
    assert world.finish(world.roll_back()) == "InService"
    assert in_production(world) == 1


def test_a_former_version_without_a_signature_is_not_put_back(world: World) -> None:
    approve(world, 2)
    world.dynamodb.items[LEDGER, f"LINE#{LINE}", "PRODUCTION#00000001"]["signature"] = {"S": ""}
    assert "it has no signature" in world.finish(world.roll_back())
    assert in_production(world) == 2
