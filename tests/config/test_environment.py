from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.environment import Environment
from config.job_size import JobSize


@pytest.mark.parametrize(("vcpu", "memory_mb"), [(1, 2048), (2, 16384), (4, 9216), (16, 122880)])
def test_a_job_may_have_what_fargate_offers(vcpu: int, memory_mb: int) -> None:
    assert JobSize.model_validate({"vcpu": vcpu, "memory_mb": memory_mb}).memory_mb == memory_mb


@pytest.mark.parametrize(
    ("vcpu", "memory_mb", "message"),
    [
        (1, 16384, "memory_mb: 16384 does not go with 1 vcpu, expected 2048 to 8192 in steps of 1024"),
        (8, 17000, "memory_mb: 17000 does not go with 8 vcpu, expected 16384 to 61440 in steps of 4096"),
    ],
)
def test_a_size_that_fargate_does_not_offer_is_told_with_those_it_does(vcpu: int, memory_mb: int, message: str) -> None:
    with pytest.raises(ValidationError) as told:
        JobSize.model_validate({"vcpu": vcpu, "memory_mb": memory_mb})
    assert str(told.value.errors()[0]["ctx"]["error"]) == message


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        (None, "docs/runbooks/"),
        ("https://wiki.example.com/runbooks", "https://wiki.example.com/runbooks/"),
        ("https://wiki.example.com/", "https://wiki.example.com/"),
    ],
)
def test_runbooks_lie_where_they_are_published_or_in_the_repository(given: str | None, folder: str) -> None:
    said = {"name": "dev", "account": "123456789012", "region": "eu-central-1", "retain_data": False}
    assert Environment.model_validate({**said, "runbooks": given}).runbook_folder == folder
