from __future__ import annotations

import re

from config.account import Account
from config.loading import ROOT
from config.schema import settings


def test_the_page_has_every_setting_of_the_accounts_file() -> None:
    text = (ROOT / "docs" / "cicd.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert sorted(name for cell in cells for name in re.findall(r"`([^`]+)`", cell)) == sorted(settings(Account))
