from __future__ import annotations

import pytest

from tests.stacks.synthesis import ENVIRONMENTS, Assembly, synthesized


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.thorough) if name == "qa" else name  # it differs from prod in sizes
        for name in ENVIRONMENTS
    ]
)
def assembly(request: pytest.FixtureRequest) -> Assembly:
    """The assembly of each environment in turn."""
    return synthesized(request.param)


@pytest.fixture
def local() -> Assembly:
    """The assembly that runs on a laptop; it differs from the others in names and sizes only."""
    return synthesized("local")


@pytest.fixture
def prod() -> Assembly:
    return synthesized("prod")
