from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.changes import create_only
from cli.main import app
from runtime.changes.data import STATEFUL


def assembly(folder: Path, **stacks: dict[str, Any]) -> Path:
    """Write a cloud assembly whose stacks have these resources."""
    folder.mkdir()
    artifacts: dict[str, Any] = {"Tree": {"type": "cdk:tree"}}
    for name, resources in stacks.items():
        (folder / f"{name}.template.json").write_text(json.dumps({"Resources": resources}))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json"},
        }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


@pytest.fixture
def both(tmp_path: Path) -> list[str]:
    """A bucket that is renamed, as CloudFormation does not do in place."""
    return [
        str(
            assembly(
                tmp_path / name, Foundation={"Lake": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}}
            )
        )
        for name in ("before", "after")
    ]


def test_a_replaced_bucket_is_told_by_its_schema(both: list[str]) -> None:
    done = CliRunner().invoke(app, ["changes", *both, "--title", "In prod"])
    assert done.exit_code == 0
    assert done.stdout.startswith("## In prod\n")
    assert "| `REPLACE` | `lost` | `Foundation/Lake` | `AWS::S3::Bucket` |" in done.stdout


def test_what_it_costs_is_told_before_and_after(tmp_path: Path) -> None:
    key = {"Type": "AWS::KMS::Key", "Properties": {}}
    before = assembly(tmp_path / "before", Foundation={"A": key})
    after = assembly(tmp_path / "after", Foundation={"A": key, "B": key}, Shop={})
    for folder in (before, after):
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["artifacts"]["Foundation"]["environment"] = "aws://111111111111/eu-central-1"
        (folder / "manifest.json").write_text(json.dumps(manifest))
    done = CliRunner().invoke(app, ["changes", str(before), str(after)])
    assert done.exit_code == 0, done.output
    assert "| `Foundation` | `1.00 → 2.00` | `0.00` |  |" in done.stdout
    assert "Nothing is known of prices in unknown-region." in done.stdout


def test_the_document_holds_the_runs(both: list[str], tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"line": "x", "status": "succeeded"}')
    done = CliRunner().invoke(app, ["changes", *both, "--json", "--run", str(tmp_path / "run.json")])
    found = json.loads(done.stdout)
    assert [risk["what"] for risk in found["risks"]] == ["REPLACE"]
    assert found["runs"] == [{"line": "x", "status": "succeeded"}]


def test_a_folder_that_is_no_assembly_is_told(both: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["changes", both[0], str(tmp_path)])
    assert done.exit_code == 1
    assert done.stderr == (
        f"error: {tmp_path}: it is not a cloud assembly (no manifest.json): synthesize the app into it first\n"
    )


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        (None, 2, "--run: there is no file {path}: give what `line run LINE --json` wrote"),
        (
            "[",
            1,
            "{path}: it is not JSON (Expecting value: line 1 column 2 (char 1)): "
            "give what `line run LINE --json` wrote",
        ),
        (
            "{}",
            1,
            "the run's document has no line, status, stations, inspections, model: "
            "give what `line run LINE --json` printed",
        ),
    ],
)
def test_a_run_that_cannot_be_read_is_told(
    both: list[str], tmp_path: Path, text: str | None, status: int, message: str
) -> None:
    path = tmp_path / "run.json"
    if text is not None:
        path.write_text(text)
    done = CliRunner().invoke(app, ["changes", *both, "--run", str(path)])
    assert (done.exit_code, done.stderr) == (status, f"error: {message.format(path=path)}\n")


def test_every_type_that_holds_data_has_a_schema() -> None:
    assert [kind for kind in sorted(STATEFUL) if create_only(kind) is None] == []
