from __future__ import annotations

import pytest
from pydantic import ValidationError

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
