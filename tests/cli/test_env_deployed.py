"""A deploy is told of with the commits that came with it, as git knows them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.came_with import came_with, head
from cli.env_deployed import build, tell_deploy
from config.errors import LineError
from runtime import events, ledger, recorder
from tests.moto_server import REGION, Aws

DATES = iter(f"2026-01-{day:02}T{hour:02}:00:00+00:00" for day in range(1, 29) for hour in range(24))


class Repository:
    """A repository of git whose commits are an hour apart."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        date = next(DATES)
        who = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env={"PATH": os.environ["PATH"], **who, **dates},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_what_a_merge_brought_was_merged_when_it_was_made(repository: Repository) -> None:
    first = repository.commit("first")
    repository.git("switch", "--quiet", "--create", "idea")
    early, late = repository.commit("early"), repository.commit("late")
    repository.git("switch", "--quiet", "main")
    before = repository.commit("meanwhile")
    direct = repository.commit("direct")
    repository.git("merge", "--quiet", "--no-ff", "--no-edit", "idea")
    merge = repository.git("rev-parse", "HEAD")

    found = {one.commit: one for one in came_with(merge, since=before, merges=True, root=repository.root)}

    assert set(found) == {merge, early, late, direct}
    assert found[early].merged == found[late].merged == found[merge].merged == found[merge].authored
    assert found[direct].merged == found[direct].authored
    assert found[early].authored < found[late].authored < found[direct].authored < found[merge].authored
    assert [one.commit for one in came_with("main", since=None, merges=True, root=repository.root)] == [merge]
    assert came_with(first, since=first, merges=True, root=repository.root) == []


def test_a_branchs_own_commits_are_not_merged_yet(repository: Repository) -> None:
    first, second = repository.commit("first"), repository.commit("second")

    assert [one.merged for one in came_with(second, since=first, merges=False, root=repository.root)] == [None]


def test_a_commit_that_git_does_not_know_is_told_in_one_line(repository: Repository) -> None:
    repository.commit("first")

    with pytest.raises(LineError, match=r"^git does not know what was deployed .* fetch the whole history"):
        came_with("f" * 40, since=None, merges=True, root=repository.root)


@pytest.mark.parametrize("name", ["--output=x", "-p", "$(x)"])
def test_a_name_of_a_commit_is_no_option(repository: Repository, name: str) -> None:
    repository.commit("first")

    with pytest.raises(LineError):
        came_with(name, since=None, merges=True, root=repository.root)
    assert [path.name for path in repository.root.iterdir()] == [".git"]


def test_without_git_nothing_is_checked_out(tmp_path: Path) -> None:
    assert head(tmp_path) is None


def tell(root: Path, name: str = "dev", **given: Any) -> int:
    wanted = {"commit": None, "since": None, "failed": False, "id_": None, "as_json": False}
    return tell_deploy(name, root=root, **{**wanted, **given})


@pytest.fixture
def bus(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Dev's bus, with a queue behind it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    monkeypatch.setenv("AWS_REGION", REGION)
    for name in ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "CODEBUILD_BUILD_ID"):
        monkeypatch.delenv(name, raising=False)
    events_, queue = aws.plain("events"), aws.queue()
    arn = aws.plain("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    name = "assembly-line-dev"
    events_.create_event_bus(Name=name)
    pattern = json.dumps({"source": [events.SOURCE], "detail-type": [events.ENVIRONMENT_DEPLOYED]})
    events_.put_rule(Name="deployed", EventBusName=name, EventPattern=pattern)
    events_.put_targets(Rule="deployed", EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    try:
        yield queue
    finally:
        events_.remove_targets(Rule="deployed", EventBusName=name, Ids=["queue"])
        events_.delete_rule(Name="deployed", EventBusName=name)
        events_.delete_event_bus(Name=name)


def test_the_ledger_has_what_was_told(
    aws: Aws, bus: str, repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = repository.commit("first"), repository.commit("second")

    status = tell(repository.root, since=first, failed=True, id_="build-7")

    assert status == 0
    assert capsys.readouterr().out == f"dev: told of a deploy that failed, of {second[:12]} with 1 commit\n"
    (message,) = aws.messages(bus)
    dynamodb, table = aws.plain("dynamodb"), aws.ledger()
    recorder.record(dynamodb, table, "dev", json.loads(message))
    (deploy,) = ledger.deploys(dynamodb, table, "dev")
    assert (deploy.id, deploy.status, deploy.commit) == ("build-7", "failed", second)
    assert [one.commit for one in deploy.commits] == [second]


def test_sources_without_history_are_told_of_by_their_commit_alone(
    bus: str, aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(tmp_path, commit="abc", id_="x") == 0

    assert "of abc with 0 commits, which is all that is known" in capsys.readouterr().out
    assert json.loads(aws.messages(bus)[0])["detail"]["commits"] == []


def test_what_was_deployed_before_may_be_unknown(
    bus: str, aws: Aws, repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = repository.commit("first")

    assert tell(repository.root, since="0" * 40) == 0

    assert "with 1 commit, what else came is unknown: git does not know" in capsys.readouterr().out
    assert [one["commit"] for one in json.loads(aws.messages(bus)[0])["detail"]["commits"]] == [commit]


def test_an_environment_without_a_bus_cannot_be_told(bus: str, repository: Repository) -> None:
    repository.commit("first")

    with pytest.raises(LineError, match=r"^environment 'qa' cannot be told of its deploy .* its bus assembly-line-qa"):
        tell(repository.root, name="qa")


def test_without_git_and_without_a_commit_nothing_can_be_told(tmp_path: Path) -> None:
    with pytest.raises(LineError, match=r"^what was deployed is unknown: .* name the commit$"):
        tell(tmp_path)


def test_a_build_counts_once_and_its_next_attempt_again() -> None:
    first = {"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1"}

    assert build("dev", first) == "dev-7-1"
    assert build("qa", {"CODEBUILD_BUILD_ID": "project:1"}) == "qa-project:1"
    assert build("dev", {}) == ""
