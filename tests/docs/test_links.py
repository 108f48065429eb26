"""Links of the manual lead somewhere, and every page of it is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.loading import ROOT
from tests.docs.pages import DOCS, PAGES, broken, links

OUTSIDE = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]


@pytest.mark.parametrize("page", [*PAGES, *OUTSIDE], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    assert broken(page) == []


@pytest.mark.parametrize("target", ["gone.md", "tables.md#gone", "#gone", "pictures/gone.svg", "line.schema.json#gone"])
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, target: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Here\n\n[there]({target}), [here](#here), [elsewhere](https://example.com/#gone)\n")
    (tmp_path / "tables.md").write_text("# Tables\n")
    (tmp_path / "line.schema.json").write_text("{}")
    assert broken(page) == [target]


def test_a_heading_is_named_as_github_names_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# `line run`: what's *new*?\n\n# Two & more\n\n# Twice\n\n# Twice\n")
    text = "\n[a](#line-run-whats-new) [b](#two--more) [c](#twice) [d](#twice-1) [e](#twice-2)\n"
    page.write_text(page.read_text() + text)
    assert broken(page) == ["#twice-2"]


def test_every_page_has_its_place_in_the_navigation() -> None:
    named = re.findall(r"^\s+- (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    pages = {str(page.relative_to(DOCS)) for page in PAGES}
    decisions = {page for page in pages if page.startswith("decisions/")} - {"decisions/README.md"}
    assert sorted(named) == sorted(pages - decisions)


def test_every_decision_is_listed() -> None:
    listed = {target for target in links(DOCS / "decisions" / "README.md") if target.endswith(".md")}
    assert listed >= {page.name for page in (DOCS / "decisions").glob("0*.md")}
