from __future__ import annotations

import pytest

from tests.console.looked_at import Looked
from tests.moto_server import Aws


@pytest.fixture(scope="module")
def looked(aws: Aws) -> Looked:
    return Looked(aws)


def test_page(looked: Looked):
    looked.line("shop")
    looked.ran("shop", "run-1")
    looked.ran("shop", "run-2", status="halted", message="curation: too few rows")
    print(looked.get("/lines")[1400:])
    print(looked.get("/lines/shop")[1400:])
    print(looked.get("/lines/shop/runs/run-2")[1400:])
    print(looked.get("/lines/shop/runs/run-2/left"))
    print(looked.browser.get("/lines/shop/runs/run-2/logs").text[1400:])
    print(looked.get("/lines/shop/plan"))
