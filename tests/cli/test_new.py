from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from cli.ending import UsageError
from cli.new import TEMPLATES, make_line
from cli.validate import line_mistakes
from config.loading import load_bundle


@pytest.fixture(params=TEMPLATES)
def line(request: pytest.FixtureRequest, root: Path) -> Path:
    """A line made of each template, in a repository that has the environment ``local`` only."""
    make_line("store", root, template=request.param)
    return root / "lines" / "store"


def test_a_new_line_holds_together_under_its_own_name(line: Path, root: Path) -> None:
    assert load_bundle("store", root).definition.line == "store"
    assert line_mistakes("store", root) == []


def test_nothing_in_a_new_line_speaks_of_the_template(line: Path) -> None:
    texts = {path: path.read_text() for path in line.rglob("*") if path.is_file()}
    assert [path for path, text in texts.items() if "template" in text or "template" in path.name] == []


def test_a_new_lines_notebook_is_one_that_nobody_has_run_yet(line: Path) -> None:
    notebook = json.loads((line / "explore.ipynb").read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    assert [(cell["outputs"], cell["execution_count"]) for cell in cells] == [([], None)] * len(cells)


def test_a_new_lines_notebook_loads_its_dataset_in_three_lines(line: Path) -> None:
    notebook = json.loads((line / "explore.ipynb").read_text())
    first = "".join(next(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"))
    assert [ast.unparse(node) for node in ast.parse(first).body] == [
        "from cli.dataset import load",
        "rows = load('store').to_pandas()",
        "rows.head()",
    ]


def test_a_template_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        make_line("store", tmp_path, template="../../runtime")
    assert str(refused.value) == (
        "--template: '../../runtime' is unknown, expected one of classification, regression, forecast: correct it"
    )


def test_a_line_that_exists_is_not_touched(root: Path) -> None:
    (root / "lines" / "shop" / "spine.sql").write_text("mine")
    with pytest.raises(UsageError):
        make_line("shop", root)
    assert (root / "lines" / "shop" / "spine.sql").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "Shop", "7up", "a-b", "a_b", "../up", "x" * 21, "shop\n", "ｓhop", "a;b", "<b>"])
def test_a_name_that_a_line_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as refused:
        make_line(name, tmp_path)
    assert str(refused.value).startswith(f"{name!r} is not a line's name, expected a lowercase letter")
    assert list(tmp_path.iterdir()) == []
