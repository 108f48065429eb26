"""Every ``line`` command that the manual tells of is one, with the options that it is given."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli.main import app
from config.loading import ROOT
from tests.docs.pages import PAGES, tokens

WRITTEN = [page for page in [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"] if page.parent.name != "reference"]
_OWN = {"cdk"}
"""What follows is another command's."""


@cache
def command() -> Any:
    return get_command(app)


def mistakes(call: str) -> list[str]:
    """Return what is wrong with a call of the command, such as ``line run flights --forced``."""
    words = _words(call)[1:]
    words = words[: next((place for place, word in enumerate(words) if word in (">", "|", ";", "&&")), len(words))]
    here, said = command(), "line"
    while words and hasattr(here, "commands"):
        if words[0].startswith("-"):
            return []
        if words[0] not in here.commands:
            return [f"{said} {words[0]}"]
        here, said = here.commands[words[0]], f"{said} {words.pop(0)}"
    if said.removeprefix("line ") in _OWN:
        return []
    known = {name for parameter in here.params for name in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"-h", "--help"}
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return [f"{said} {option}" for option in given if option not in known]


def _words(call: str) -> list[str]:
    """Return the words of a call as a shell reads them; where a quotation goes on in the next line, as they stand."""
    try:
        return shlex.split(call, comments=True)
    except ValueError:
        return call.split()


def calls(page: Path) -> list[str]:
    """Return the calls of the command on a page: lines of its code blocks, and code within its text."""
    found = []
    for token in tokens(page):
        if token.type == "fence":
            text = re.sub(r"\\\n\s*", "", token.content)
            found += [line.strip() for line in text.splitlines() if re.match(r"\s*line [a-z]+\b(?!\.|:)", line)]
        found += [part.content for part in token.children or [] if re.match(r"line [a-z]", part.content) and part.tag]
    return [call for call in found if "→" not in call and "│" not in call]


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists_with_its_options(page: Path) -> None:
    assert [mistake for call in calls(page) for mistake in mistakes(call)] == []


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("line run flights --forced", ["line run --forced"]),
        ("line runs flights", ["line runs"]),
        ("line env destroyed x", ["line env destroyed"]),
        ("line run flights --force training -p a=1 # --gone", []),
        ("line cdk deploy --all", []),
        ("line ledger flights --json | jq --gone", []),
    ],
)
def test_a_command_that_does_not_exist_is_found(call: str, found: list[str]) -> None:
    assert mistakes(call) == found
