from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.choice import chosen
from config.errors import LineError
from config.loading import ROOT, load_branch

CHOICES = "-c env=<one of dev, local, prod, qa> or -c branch=<git ref>"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with the environments of this one."""
    shutil.copytree(ROOT / "config" / "environments", tmp_path / "config" / "environments")
    return tmp_path


def told(root: Path, context: dict[str, object], account: str = "") -> str:
    with pytest.raises(LineError) as caught:
        chosen(context.get, account=account, root=root)
    return str(caught.value)


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({}, f"context: no environment is named, expected {CHOICES}: give one of them"),
        (
            {"env": "dev", "branch": "feature/a"},
            f"context: env='dev' and branch='feature/a' exclude each other, expected {CHOICES}: give one",
        ),
        (
            {"env": "branch"},
            f"environment 'branch' is the pattern of every branch's own, expected {CHOICES}: name the branch",
        ),
        ({"env": True}, "context: env=True is no text: give -c env=<text>"),
        (
            {"branch": ""},
            "branch '' is no name that git gives a branch ('' at 0), expected one such as feature/prices: correct it",
        ),
        (
            {"env": "prod", "removal": "false"},
            "context: removal='false' is not the environment's name, expected prod: "
            "write it out, or leave -c removal away to keep the data",
        ),
        (
            {"env": "prod", "removal": "prod"},
            "context: removal='prod' is one key of two, and config/environments/prod.yaml says retain_data: true: "
            "turn it to false as well, or leave -c removal away",
        ),
    ],
)
def test_a_context_that_names_no_environment_is_told(root: Path, context: dict[str, object], message: str) -> None:
    assert told(root, context) == message


def test_a_name_asks_for_a_standing_environment(root: Path) -> None:
    environment = chosen({"env": "qa"}.get, root=root)
    assert (environment.name, environment.protected) == ("qa", True)


def test_a_ref_asks_for_the_environment_of_its_branch(root: Path) -> None:
    environment = chosen({"branch": "refs/heads/feature/a#1"}.get, owner="ada@example.com", root=root)
    assert environment == load_branch("feature/a#1", "ada@example.com", root)
    assert (environment.name[:10], environment.protected, environment.tags) == (
        "feature-a-",
        False,
        {"ref": "feature/a=231"},
    )


@pytest.mark.parametrize(("context", "name"), [({"env": "dev"}, "dev"), ({"branch": "a"}, "branch")])
def test_credentials_of_another_account_are_refused(root: Path, context: dict[str, object], name: str) -> None:
    wanted = chosen(context.get, root=root)
    assert told(root, context, "999999999999") == (
        f"environment {wanted.name!r} is in account 111111111111, and these credentials are of account 999999999999: "
        f"use a profile of 111111111111 or correct config/environments/{name}.yaml"
    )
    assert chosen(context.get, account="111111111111", root=root) == wanted


def test_prods_data_goes_by_two_keys_only(root: Path) -> None:
    path = root / "config" / "environments" / "prod.yaml"
    path.write_text(path.read_text().replace("retain_data: true", "retain_data: false"))
    assert told(root, {"env": "prod"}) == (
        "config/environments/prod.yaml: retain_data: false is one key of two that let prod's data go: "
        "turn it back to true, or give -c removal=prod as well"
    )
    assert chosen({"env": "prod", "removal": "prod"}.get, root=root).retain_data is False


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("dev", "retain_data", "branch: {ttl_days: 3}\nretain_data", "branch: belongs into branch.yaml"),
        ("branch", "  ttl_days: 7", "  ttl_days: 7\n  ref: main", "branch.ref: unknown key, expected one of ttl_days"),
        ("branch", "data_from: dev", "data_from: deev", "branch.data_from: 'deev' is unknown, expected one of dev,"),
        ("branch", "data_from: dev", "data_from: prod", "branch.data_from: 'prod' is in account 222222222222, region"),
    ],
)
def test_what_belongs_to_branches_stands_in_their_file(root: Path, file: str, old: str, new: str, message: str) -> None:
    path = root / "config" / "environments" / f"{file}.yaml"
    path.write_text(path.read_text().replace(old, new, 1))
    assert message in told(root, {"env": "dev"} if file == "dev" else {"branch": "a"})


def test_a_standing_name_that_a_branch_could_have_is_refused(root: Path) -> None:
    path = root / "config" / "environments" / "dev.yaml"
    renamed = path.with_name("dev-abcdefghij.yaml")
    renamed.write_text(path.read_text().replace("name: dev", "name: dev-abcdefghij"))
    assert told(root, {"env": "dev-abcdefghij"}) == (
        "config/environments/dev-abcdefghij.yaml: name: 'dev-abcdefghij' could be a branch's environment: "
        "give one without a hash at its end"
    )
