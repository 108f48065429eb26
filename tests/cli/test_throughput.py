from __future__ import annotations

import datetime as dt
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli import throughput
from cli.ending import UsageError
from cli.ideas import unmerged
from config.errors import LineError
from runtime import chronicle, events, ledger
from runtime.receipts import Receipt
from runtime.records import Commit
from runtime.throughput.lines import lines
from tests.moto_server import Aws

HOSTILE = "[bold]x[/bold]<script>"


@dataclass
class Site:
    aws: Aws
    table: str

    def status(self) -> dict[str, Any]:
        return {"outputs": {"AssemblyLine-local-Foundation": {"LedgerTable": self.table}}}

    def client(self, service: str) -> Any:
        return self.aws.plain(service)

    def run(self, line: str, number: int, *, cause: str = "") -> None:
        """Let a run happen: curation for ten minutes, delivery for one; with a cause it halts in curation."""
        at = dt.datetime(2026, 1, 5 + number, tzinfo=dt.UTC)
        run = f"run-{number}"
        self.tell(events.RUN_STARTED, events.started(line=line, run=run, station=events.WHOLE_RUN, at=at.isoformat()))
        for station, minutes in (("curation", 10), ("delivery", 1)):
            begun = events.started(line=line, run=run, station=station, at=at.isoformat())
            self.tell(events.STATION_STARTED, begun)
            at += dt.timedelta(minutes=minutes)
            receipt = Receipt(station, "halted" if cause else "succeeded")
            detail = events.finished(line=line, run=run, station=station, receipt=receipt, at=at.isoformat())
            self.tell(events.STATION_FINISHED, {**detail, "causes": [cause] if cause else []})
            if cause:
                break
        status = "halted" if cause else "succeeded"
        over = events.run_finished(line=line, run=run, status=status, message="", at=at.isoformat())
        self.tell(events.RUN_FINISHED, over)

    def tell(self, kind: str, detail: dict[str, Any]) -> None:
        ledger.record(self.client("dynamodb"), self.table, {"detail-type": kind, "detail": detail})


@pytest.fixture
def site(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Site:
    made = Site(aws, aws.ledger())
    monkeypatch.setattr(throughput, "find", lambda root: made)
    return made


def show(root: Path, line: str | None = None, **options: Any) -> int:
    told = {"environment": "local", "first": None, "last": None, "as_json": False, **options}
    return throughput.show_throughput(line, root=root, **told)


def test_a_line_is_told_with_its_bottleneck_and_causes(
    site: Site, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        site.run("shop", number)
    site.run("shop", 3, cause=HOSTILE)
    assert show(root, "shop") == 0
    out = capsys.readouterr().out
    assert "Asked for more, it would be limited by curation" in out
    assert HOSTILE in out
    assert "no deploy of local in this range yet" in out


def test_everything_is_one_document(site: Site, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.run("shop", 0)
    site.run("gone", 1)
    commit = Commit("c0ffee", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), None)
    told = chronicle.deployed(
        environment="local",
        id_="1",
        at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        status="succeeded",
        commit="c0ffee",
        commits=[commit],
    )
    chronicle.keep_deploy(site.client("dynamodb"), site.table, told)

    capsys.readouterr()  # what the recorder says for CloudWatch
    assert show(root, as_json=True) == 0

    said = json.loads(capsys.readouterr().out)
    assert [(one["line"], one["removed"], one["value"]["runs"]) for one in said["lines"]] == [
        ("gone", True, 1),
        ("shop", False, 1),
    ]
    assert said["lines"][0]["value"]["stations"][0]["cycle"]["median"] == 600.0
    assert said["innovation"]["lead"]["median"] == 86400.0


def test_a_line_that_was_removed_is_marked(site: Site, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.run("gone", 0)
    assert show(root) == 0
    assert "gone (removed)" in capsys.readouterr().out
    assert show(root, "gone") == 0
    assert "line gone was removed from the repository" in capsys.readouterr().out


def test_only_the_range_counts(site: Site, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        site.run("shop", number)
    capsys.readouterr()
    show(root, "shop", first="2026-01-06", last="2026-01-08", as_json=True)
    found = json.loads(capsys.readouterr().out)["lines"][0]["value"]
    assert (found["runs"], found["per_week"]) == (2, 7.0)


def test_an_empty_ledger_says_what_to_do(site: Site, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(root) == 0
    assert "the ledger has no run in this range yet: `line run LINE` makes one" in capsys.readouterr().out
    assert show(root, "shop") == 0
    assert "the ledger has no run of line shop in this range yet: `line run shop` makes one" in capsys.readouterr().out


def test_mistakes_are_told_with_their_mend(site: Site, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError) as unknown:
        show(root, "nothing")
    assert str(unknown.value) == "line 'nothing' is unknown, expected one of shop: correct the name"
    with pytest.raises(UsageError) as backwards:
        show(root, first="2026-02-01", last="2026-01-01")
    assert str(backwards.value) == "--from: 2026-02-01 is not before --to 2026-01-01: correct one of them"
    monkeypatch.setattr(throughput, "find", lambda root: None)
    with pytest.raises(LineError, match="no `line up` is running, and the ledger lives in it: start it"):
        show(root)


def test_an_environment_that_cannot_be_read_is_named(
    site: Site, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "config" / "environments" / "dev.yaml").write_text("")

    def books_of(environment: str, root: Path) -> throughput.Books:
        if environment == "dev":
            raise LineError("stack AssemblyLine-dev-Foundation cannot be read: no credentials")
        return throughput.Books(site.client("dynamodb"), site.table, environment)

    monkeypatch.setattr(throughput, "books_of", books_of)
    assert show(root, environment="prod") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "environment dev is not in these figures: stack AssemblyLine-dev-Foundation cannot be read" in said


def test_a_ledger_knows_its_lines_however_much_there_is_of_each(aws: Aws) -> None:
    table, dynamodb = aws.ledger(), aws.plain("dynamodb")
    items = [
        {"pk": {"S": partition}, "sk": {"S": f"RUN#{number}"}}
        for partition in ("LINE#a", "LINE#b\U0001f4a3", "ENVIRONMENT#dev", "LINE#ab")
        for number in range(3)
    ]
    for item in items:
        dynamodb.put_item(TableName=table, Item=item)
    assert lines(dynamodb, table) == ["a", "ab", "b\U0001f4a3"]


def test_branches_that_are_not_merged_are_ideas_that_wait(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        names = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main")
        subprocess.run(["git", "-C", str(tmp_path), *names, *arguments], check=True, capture_output=True)

    def commit(text: str) -> None:
        git("commit", "--allow-empty", "--message", text)

    assert unmerged(tmp_path) == []
    git("init")
    commit("first")
    git("branch", "done")
    git("checkout", "-b", "feature/a")
    commit("second")
    commit("third")
    assert [(branch.name, branch.ahead) for branch in unmerged(tmp_path)] == [("feature/a", 2)]


@pytest.mark.thorough
def test_a_thousand_lines_are_told(site: Site, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: Sequence[str] = [f"line{number:04}" for number in range(1000)]
    for name in names:
        site.run(name, 0)
    capsys.readouterr()
    assert show(root, as_json=True) == 0
    assert len(json.loads(capsys.readouterr().out)["lines"]) == 1001
