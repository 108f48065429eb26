import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from cli import maintain, running
from config.errors import LineError

OUTPUTS = {
    "dry_run": True,
    "tables": [
        {
            "table": "orders",
            "kept": 3,
            "kept_by": {"branch main": 1, "model 3": 1, "model 4": 1},
            "expired": 2,
            "compacted": 5,
            "compacted_into": 1,
            "removed": 4,
            "removed_bytes": 1_250_000,
            "waiting": 6,
        }
    ],
}


def shown(as_json: bool) -> str:
    out = io.StringIO()
    maintain.show(OUTPUTS, as_json=as_json, console=Console(file=out, width=120, highlight=False))
    return out.getvalue()


def test_a_table_says_what_would_be_done() -> None:
    lines = [" ".join(line.split()) for line in shown(as_json=False).splitlines()]
    assert lines[0] == "What would be done"
    assert "orders 3 2 5 → 1 4 (1.2 MB) 6 branch main, 2 models" in lines


def test_the_document_is_what_the_job_said() -> None:
    assert json.loads(shown(as_json=True)) == OUTPUTS


def test_without_a_running_site_it_says_what_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintain, "find", lambda: running.find(tmp_path))
    with pytest.raises(LineError) as error:
        maintain.maintain_line("flights", dry_run=False, as_json=False)
    assert str(error.value) == (
        "no `line up` runs, and only there is there something to maintain: start it with `line up flights`, "
        "then `line run flights`"
    )
