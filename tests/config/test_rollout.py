from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.errors import LineError, messages_of
from config.loading import load_bundle, load_environment
from config.rollout import Rollout

Change = Callable[[str, str, str], None]
LINE, LOCAL = "lines/shop/line.yaml", "config/environments/local.yaml"


def told(root: Path, change: Change, rollout: str) -> list[str]:
    change(LINE, "release:\n", f"release:\n  rollout: {rollout}\n")
    with pytest.raises(LineError) as caught:
        load_bundle("shop", root)
    return list(messages_of(caught.value))


@pytest.mark.parametrize(
    ("rollout", "message"),
    [
        (
            "{kind: canery}",
            f"{LINE}: release.rollout.kind: 'canery' is not allowed, expected all_at_once, canary or linear",
        ),
        (
            "{kind: linear, share: 5}",
            f"{LINE}: release.rollout: share is 5, expected 10 to 50 for a linear rollout, which has at most ten "
            "steps: raise it",
        ),
        (
            "{kind: linear, share: 10, step_seconds: 3600}",
            f"{LINE}: release.rollout: its 9 steps of 3600 seconds and bake_seconds take 32700 seconds, expected at "
            "most 27000: shorten step_seconds or raise share",
        ),
    ],
)
def test_a_rollout_that_cannot_be_is_told_with_its_key(root: Path, change: Change, rollout: str, message: str) -> None:
    (found,) = told(root, change, rollout)
    assert found.startswith(message)


@pytest.mark.parametrize("key", ["share: 51", "share: 0", "bake_seconds: 3601", "error_share: 1", "shadow: {share: 0}"])
def test_a_number_out_of_bounds_is_told_with_its_key(root: Path, change: Change, key: str) -> None:
    (found,) = told(root, change, f"{{{key}}}")
    path = "shadow.share" if "shadow" in key else key.partition(":")[0]
    assert found.startswith(f"{LINE}: release.rollout.{path}: ")


@pytest.mark.parametrize(
    ("settings", "steps", "seconds"),
    [({"kind": "all_at_once"}, 0, 300), ({"kind": "canary"}, 1, 600), ({"kind": "linear", "share": 30}, 3, 1200)],
)
def test_a_rollout_knows_its_steps_and_how_long_they_take(
    settings: dict[str, object], steps: int, seconds: int
) -> None:
    rollout = Rollout.model_validate(settings)
    assert (rollout.steps, rollout.seconds) == (steps, seconds)


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        (
            "{kind: instance, instance_count: 3, max_instance_count: 2}",
            "max_instance_count is 2, expected at least instance_count, 3: raise it",
        ),
        (
            "{max_instance_count: 2}",
            "max_instance_count is given for the kind 'serverless', expected instance: remove it or change kind",
        ),
    ],
)
def test_an_endpoint_that_cannot_scale_is_told(root: Path, change: Change, endpoint: str, message: str) -> None:
    change(LOCAL, "name: local\n", f"name: local\nendpoint: {endpoint}\n")
    with pytest.raises(LineError) as caught:
        load_environment("local", root)
    assert list(messages_of(caught.value)) == [f"{LOCAL}: endpoint: {message}"]
