from __future__ import annotations

from pathlib import Path

import pytest

from cli.ending import UsageError
from cli.new import make_line
from config.loading import load_bundle


def test_a_new_line_holds_together_under_its_own_name(root: Path) -> None:
    assert load_bundle("shop", root).definition.line == "shop"


def test_nothing_in_a_new_line_speaks_of_the_template(root: Path) -> None:
    texts = {path: path.read_text() for path in (root / "lines" / "shop").rglob("*") if path.is_file()}
    assert [path for path, text in texts.items() if "template" in text or "template" in path.name] == []


def test_a_line_that_exists_is_not_touched(root: Path) -> None:
    (root / "lines" / "shop" / "spine.sql").write_text("mine")
    with pytest.raises(UsageError):
        make_line("shop", root)
    assert (root / "lines" / "shop" / "spine.sql").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "Shop", "7up", "a-b", "a_b", "../up", "x" * 21])
def test_a_name_that_a_line_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        make_line(name, tmp_path)
