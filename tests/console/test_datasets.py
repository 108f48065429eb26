"""The page of datasets: a choice becomes the request of ``line dataset build``, and what it shows is harmless."""

from __future__ import annotations

import pytest

from tests.console.published import Published, on_aws
from tests.moto_server import Aws

__all__ = ["on_aws"]


@pytest.fixture(scope="module")
def shop(on_aws: Aws) -> Published:
    return Published.make(on_aws)


def test_the_page_offers_every_column_of_every_view(shop: Published) -> None:
    told = shop.get("/datasets/shop")
    assert 'value="habits:spent" checked' in told
