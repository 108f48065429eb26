"""Who may deploy into an account: the exact subjects, and that no role reaches further than its own account."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

import app
from config.account import Account, bootstrap_roles, deployers, load_account
from config.branch import Branch
from config.environment import PATTERN, Environment
from config.errors import LineError
from config.loading import ROOT
from local.policy import decide, statements
from runtime.changes.grants import grants
from stacks.account import AccountStack
from tests.stacks.synthesis import Assembly

Json = dict[str, Any]

GITHUB = "token.actions.githubusercontent.com"
NAMES = (PATTERN, "dev", "prod")


def environment(name: str, *, account: str = "111111111111", retain_data: bool = False) -> Environment:
    branch = Branch() if name == PATTERN else None
    return Environment(name=name, account=account, region="eu-central-1", retain_data=retain_data, branch=branch)


@cache
def resources(*names: str, existing_provider: bool = False) -> Json:
    """Return the resources of the stack of an account with these environments."""
    made = app.new_app(builtin_cloud_formation_validation=False, context={"aws:cdk:bundling-stacks": []})
    AccountStack(
        made,
        "Account",
        home=environment("dev"),
        account=Account(repository="acme/line", existing_provider=existing_provider),
        deployed=[environment(name) for name in names],
        env=cdk.Environment(account="111111111111", region="eu-central-1"),
    )
    template = json.loads((Path(made.synth().directory) / "Account.template.json").read_text())
    found: Json = template["Resources"]
    return found


def of(kind: str, found: Json) -> list[Json]:
    return [resource["Properties"] for resource in found.values() if resource["Type"] == kind]


def trust() -> dict[str, Json]:
    """Return the one statement of who may assume each role that GitHub takes, by the role's name."""
    return {
        role["RoleName"]: statement
        for role in of("AWS::IAM::Role", resources(*NAMES))
        if "RoleName" in role
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
    }


def rights(role: str, *names: str) -> Json:
    """Return the policy of one of the roles, by the beginning of its logical id."""
    policies = of("AWS::IAM::Policy", resources(*(names or NAMES)))
    (found,) = [policy["PolicyDocument"] for policy in policies if policy["Roles"][0]["Ref"].startswith(role)]
    return dict(found)


def test_each_environment_has_a_role_of_its_own_and_branches_one_that_destroys() -> None:
    assert sorted(trust()) == [
        *(f"assembly-line-deploys-{name}" for name in NAMES),
        "assembly-line-destroys-branch",
    ]


def test_a_role_is_assumed_by_jobs_of_its_environment_only() -> None:
    for role, statement in trust().items():
        subject = f"repo:acme/line:environment:{role.rpartition('-')[2]}"
        assert statement["Condition"] == {
            "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": subject}
        }


def test_no_subject_has_a_wildcard() -> None:
    assert "*" not in json.dumps(trust())
    assert "StringLike" not in json.dumps(trust())


def test_a_role_that_deploys_may_do_nothing_but_assume_what_bootstrap_made_and_tell_of_it() -> None:
    for name in NAMES:
        statement, tells = rights(f"Deploys{name.capitalize()}")["Statement"]
        assert tells["Action"] == "events:PutEvents"
        assert tells["Condition"] == {"ForAllValues:StringEquals": {"events:detail-type": "Environment Deployed"}}
        assert tells["Resource"].endswith(":event-bus/assembly-line-" + ("*" if name == "branch" else name))
        assert statement["Action"] == "sts:AssumeRole"
        assert statement["Resource"] == bootstrap_roles(environment(name))
        assert not [arn for arn in statement["Resource"] if "*" in arn or "cfn-exec" in arn]


def test_the_roles_of_branches_reach_nothing_of_an_account_that_keeps_data() -> None:
    prod = environment("prod", account="2" * 12, retain_data=True)
    for role in ("DeploysBranch", "DestroysBranch"):
        allowed = statements(resolved(rights(role)))
        for target in [*bootstrap_roles(prod), f"arn:aws:iam::{prod.account}:role/assembly-line-deploys-prod"]:
            assert decide(allowed, "sts:AssumeRole", target, {}) == "silent"
    deploys = statements(rights("DeploysBranch"))
    assert decide(deploys, "sts:AssumeRole", bootstrap_roles(environment("dev"))[0], {}) == "allowed"


def test_the_role_that_destroys_may_do_what_the_janitor_may_and_no_more() -> None:
    found = {
        role: {
            replace(one, holder="") for one in grants({"Resources": resources(*NAMES)}) if one.holder.startswith(role)
        }
        for role in ("DestroysBranch", "JanitorTickRole")
    }
    more = {one.action for one in found["DestroysBranch"] - found["JanitorTickRole"]}
    assert more == {"sts:AssumeRoleWithWebIdentity"}
    assert len(found["DestroysBranch"]) > 50


def test_only_an_account_with_branches_has_a_janitor() -> None:
    assert of("AWS::Lambda::Function", resources(*NAMES))
    assert of("AWS::Lambda::Function", resources("dev", "prod")) == []


def test_an_account_has_one_provider_for_github() -> None:
    assert of("AWS::IAM::OIDCProvider", resources(*NAMES)) == [
        {"Url": f"https://{GITHUB}", "ClientIdList": ["sts.amazonaws.com"]}
    ]


def test_a_provider_that_exists_is_not_made_again() -> None:
    found = resources("dev", existing_provider=True)
    assert of("AWS::IAM::OIDCProvider", found) == []
    (role,) = [one for one in of("AWS::IAM::Role", found) if one.get("RoleName", "").endswith("deploys-dev")]
    assert f"111111111111:oidc-provider/{GITHUB}" in json.dumps(role["AssumeRolePolicyDocument"])


def test_what_apis_log_with_is_the_accounts(prod: Assembly) -> None:
    assert of("AWS::ApiGateway::Account", resources("dev"))
    for template in prod.templates.values():
        assert of("AWS::ApiGateway::Account", template["Resources"]) == []


def resolved(policy: Json) -> Json:
    """Return a policy with AWS's own variables as the stack of the tests has them."""
    text = json.dumps(policy).replace('{"Ref": "AWS::Partition"}', '"aws"')
    found: Json = json.loads(text, object_hook=lambda one: "".join(one["Fn::Join"][1]) if "Fn::Join" in one else one)
    return found


def files(root: Path, **accounts: tuple[str, bool]) -> Path:
    """Write environments, each with its account and whether it keeps its data."""
    folder = root / "config" / "environments"
    folder.mkdir(parents=True)
    for name, (account, keeps) in accounts.items():
        made = environment(name, account=account, retain_data=keeps)
        (folder / f"{name}.yaml").write_text(made.model_dump_json(exclude_unset=True, exclude_none=True))
    return root


def test_an_account_holds_the_environments_that_name_it(tmp_path: Path) -> None:
    root = files(tmp_path, dev=("1" * 12, False), qa=("1" * 12, False), prod=("2" * 12, True))
    assert [made.name for made in deployers("1" * 12, root)] == ["dev", "qa"]


def test_branches_share_no_account_with_data_that_is_kept(tmp_path: Path) -> None:
    root = files(tmp_path, branch=("1" * 12, False), dev=("1" * 12, False), prod=("1" * 12, True))
    with pytest.raises(LineError) as told:
        deployers("1" * 12, root)
    assert str(told.value) == (
        "account 111111111111 would hold branch environments beside prod, whose data is kept, and only an account "
        "keeps them apart: give config/environments/branch.yaml another account"
    )


@pytest.mark.parametrize("repository", ["*", "acme/*", "acme", "acme/line:ref", "acme/line/more", "/line", "a me/line"])
def test_a_repository_that_would_widen_the_subject_is_refused(repository: str) -> None:
    with pytest.raises(ValueError, match="repository"):
        Account(repository=repository)


def test_the_accounts_file_holds() -> None:
    assert load_account(ROOT).subject("prod").endswith(":environment:prod")


def test_an_accounts_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(LineError) as told:
        load_account(tmp_path)
    assert str(told.value) == (
        "config/account.yaml is missing, expected the repository that may deploy: add `repository: OWNER/NAME`"
    )


def test_the_app_writes_the_stack_of_an_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDK_VALIDATION", "false")
    context = {"account": "dev"}
    made = app.new_app(outdir=str(tmp_path), context=context, builtin_cloud_formation_validation=False)
    assert app.main(made) == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text())["artifacts"]["Account"]
    assert manifest["properties"]["stackName"] == "AssemblyLine-Account"
    assert manifest["properties"]["tags"] == {"project": "assembly-line", "protected": "true"}
    assert manifest["properties"]["terminationProtection"] is True
