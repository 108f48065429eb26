from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.branch import Branch
from config.environment import Environment
from config.workbench import Workbench

GIVEN = {"profiles": ["ada"], "repository": "https://git.example.com/lines.git"}


def refused(**changed: object) -> str:
    with pytest.raises(ValidationError) as told:
        Workbench.model_validate({**GIVEN, **changed})
    return str(told.value.errors()[0]["ctx"]["error"])


def test_what_is_not_said_is_small_and_ends_after_an_hour() -> None:
    taken = Workbench.model_validate(GIVEN)
    assert (taken.instance_type, taken.storage_gb, taken.idle.minutes) == ("ml.t3.large", 20, 60)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"profiles": ["ada", "ada"]}, "profiles: 'ada' stands there twice: remove one"),
        (
            {"instance_type": "ml.p4d.24xlarge"},
            "instance_type: 'ml.p4d.24xlarge' is none of instance_types "
            "(ml.t3.medium, ml.t3.large, ml.m5.large, ml.m5.xlarge): add it there",
        ),
        ({"storage_gb": 200}, "storage_gb: 200 is more than most_storage_gb (100): change one of them"),
        (
            {"idle": {"minutes": 600}},
            "minutes: 600 is not between least (60) and most (480): change one of them",
        ),
    ],
)
def test_what_does_not_go_together_is_told_with_the_mend(changed: dict[str, object], message: str) -> None:
    assert refused(**changed) == message


@pytest.mark.parametrize(
    "changed",
    [
        {"repository": "git@github.com:a/b.git"},
        {"repository": "https://user:word@git.example.com/a.git"},
        {"repository": "https://git.example.com/a'; rm -rf ~; '.git"},
        {"ref": "--upload-pack=x"},
        {"profiles": []},
        {"profiles": ["ada@example.com"]},
        {"idle": {"minutes": 5}},
        {"token_secret": "a b"},
        {"package_index": "https://packages.example.com/simple/'"},
    ],
)
def test_what_no_script_or_service_should_see_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Workbench.model_validate({**GIVEN, **changed})


def test_a_branch_has_no_workbench() -> None:
    with pytest.raises(ValidationError) as told:
        Environment(
            name="branch",
            account="111111111111",
            region="eu-central-1",
            retain_data=False,
            branch=Branch(),
            workbench=Workbench.model_validate(GIVEN),
        )
    assert str(told.value.errors()[0]["ctx"]["error"]) == (
        "workbench: people's disks would go with each branch, so branch.yaml has none, expected one in an environment "
        "that stands: move it there"
    )
