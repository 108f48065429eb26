"""The examples of docstrings hold."""

from __future__ import annotations

import doctest
import importlib

from config.loading import ROOT

PARTS = ("bench", "cli", "config", "console", "local", "runtime")


def test_examples_in_docstrings_hold() -> None:
    failed = []
    tried = 0
    for part in PARTS:
        for path in sorted((ROOT / part).rglob("*.py")):
            relative = path.relative_to(ROOT)
            if ">>>" not in path.read_text(encoding="utf-8") or "peers" in relative.parts:
                continue
            outcome = doctest.testmod(importlib.import_module(".".join(relative.with_suffix("").parts)))
            tried += outcome.attempted
            if outcome.failed:
                failed.append(str(relative))
    assert failed == []
    assert tried > 50
