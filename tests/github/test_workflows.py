"""What can be told of GitHub's workflows without GitHub: their form, pins and rights, and the order of things."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.branches import environment_id
from config.loading import ROOT

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"uses: ([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$")

Json = dict[str, Any]


def workflow(name: str) -> Json:
    found: Json = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    return found


def jobs() -> Iterator[tuple[str, Json]]:
    for path in FILES:
        yield from ((f"{path.stem}.{name}", job) for name, job in workflow(path.stem)["jobs"].items())


def steps() -> Iterator[tuple[str, Json]]:
    for name, job in jobs():
        yield from ((name, step) for step in job.get("steps", []))


def tool(*words: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).parent / words[0])
    plain = {**os.environ, "NO_COLOR": "1"}  # where CI is set, zizmor would colour its words
    plain.pop("CI", None)
    return subprocess.run([program, *words[1:]], env=plain, capture_output=True, text=True, check=False)


def test_zizmor_finds_nothing() -> None:
    done = tool("zizmor", "--offline", "--quiet", "--persona", "pedantic", str(FOLDER))
    assert (done.returncode, done.stdout.strip()) == (0, "No findings to report. Good job!")


def test_zizmor_would_find_an_injection_and_a_tag(tmp_path: Path) -> None:
    text = (FOLDER / "branch.yml").read_text()
    seeded = text.replace('id "$REF"', "id ${{ github.head_ref }}").replace(
        "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8", "actions/checkout@v5"
    )
    assert seeded != text
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / ".github" / "workflows" / "branch.yml").write_text(seeded)
    done = tool("zizmor", "--offline", "--quiet", str(tmp_path))
    assert done.returncode != 0
    assert set(re.findall(r"error\[([\w-]+)\]", done.stdout)) == {"template-injection", "unpinned-uses"}


def test_each_file_has_the_form_of_a_workflow() -> None:
    done = tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, FILES))
    assert (done.returncode, done.stdout) == (0, "ok -- validation done\n")


def test_every_action_is_pinned_to_the_commit_of_a_release_and_to_one_only() -> None:
    used = [
        line.strip().removeprefix("- ") for path in FILES for line in path.read_text().splitlines() if "uses:" in line
    ]
    pins: dict[str, set[tuple[str, str]]] = {}
    for line in used:
        if local := re.fullmatch(r"uses: \$/(\.github/workflows/\w+\.yml)", line):
            assert (ROOT / local[1]).is_file()
            continue
        found = PINNED.fullmatch(line)
        assert found, line
        pins.setdefault(found[1], set()).add((found[2], found[3]))
    assert sorted(pins) == [
        "actions/checkout",
        "actions/download-artifact",
        "actions/upload-artifact",
        "aws-actions/configure-aws-credentials",
    ]
    assert [name for name, versions in pins.items() if len(versions) > 1] == []


def test_a_script_gets_what_others_wrote_through_its_environment_only() -> None:
    assert [(name, step["run"]) for name, step in steps() if "${{" in step.get("run", "")] == []


def test_nothing_is_allowed_but_what_a_job_asks_for() -> None:
    assert [path.name for path in FILES if workflow(path.stem)["permissions"] != {}] == []
    assert [name for name, job in jobs() if "permissions" not in job] == []


def test_only_jobs_of_an_environment_may_take_a_role() -> None:
    taking = {name for name, job in jobs() if "id-token" in job["permissions"]}
    assert taking == {
        "deploy.deploy",
        "branch.deploy",
        "branch.destroy",
        "delivery.dev",
        "delivery.qa",
        "delivery.prod",
    }
    for name in taking:
        job = dict(jobs())[name]
        assert "environment" in job or job["uses"] == "$/.github/workflows/deploy.yml"


def test_what_writes_the_comment_runs_no_code_of_the_pull_request() -> None:
    (writing,) = [job for _, job in jobs() if "write" in {v for k, v in job["permissions"].items() if k != "id-token"}]
    assert writing["permissions"] == {"pull-requests": "write"}
    assert not any("checkout" in step.get("uses", "") or "make" in step.get("run", "") for step in writing["steps"])


def test_a_fork_gets_no_role_and_no_comment() -> None:
    for name in ("deploy", "destroy", "comment"):
        assert "!github.event.pull_request.head.repo.fork" in workflow("branch")["jobs"][name]["if"]


def test_deploy_and_destroy_of_a_branch_wait_for_each_other_and_are_never_cut_off() -> None:
    branch, deploy = workflow("branch")["jobs"], workflow("deploy")["jobs"]["deploy"]
    assert branch["deploy"]["with"]["id"] == "${{ needs.id.outputs.id }}"
    assert deploy["concurrency"] == {"group": "environment-${{ inputs.id }}", "cancel-in-progress": False}
    assert branch["destroy"]["concurrency"] == {
        "group": "environment-${{ needs.id.outputs.id }}",
        "cancel-in-progress": False,
    }


def test_the_group_is_named_by_the_function_that_names_the_environment() -> None:
    step = workflow("branch")["jobs"]["id"]["steps"][-1]
    assert step["env"] == {"REF": "${{ github.head_ref }}"}
    script = step["run"].replace("python3", f"{sys.executable} -S").replace('>> "$GITHUB_OUTPUT"', "")  # no packages
    ref = "feature/$(touch${IFS}gone);`id`'\""
    done = subprocess.run(
        ["bash", "-ec", script], env={"REF": ref}, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"id={environment_id(ref)}\n"


def test_all_environments_are_deployed_from_one_file_in_order() -> None:
    delivery = workflow("delivery")["jobs"]
    assert {name: job["needs"] for name, job in delivery.items() if "needs" in job} == {
        "dev": ["check", "assembly"],
        "qa": ["assembly", "dev"],
        "prod": ["assembly", "qa"],
    }
    for name in ("dev", "qa", "prod"):
        assert delivery[name]["with"] == {
            "environment": name,
            "id": name,
            "digest": "${{ needs.assembly.outputs.digest }}",
            "commit": "${{ github.sha }}",
            "since": "${{ github.event.before }}",
        }


def test_another_assembly_is_not_deployed(tmp_path: Path) -> None:
    (step,) = [step for _, step in steps() if step.get("env", {}).get("DIGEST")]
    (tmp_path / "assembly.tar").write_bytes(b"another one")
    done = subprocess.run(
        ["bash", "-ec", step["run"]],
        env={"DIGEST": "0" * 64},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "assembly.tar: FAILED" in done.stdout


def test_the_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {word for _, step in steps() for word in re.findall(r"make (?:-C \w+ )?([a-z]+)", step.get("run", ""))}
    assert called == {"assembly", "deploy", "lint", "rehearsal", "setup", "test"}
    assert called <= targets


GH = """#!/bin/sh
echo "$@" >> calls
case "$*" in *--paginate*) echo "$FOUND" ;; *) cat body.md >> calls ;; esac
"""


@pytest.mark.parametrize(
    ("found", "call"),
    [
        ("", "--method POST repos/acme/line/issues/7/comments"),
        ("41\n42", "--method PATCH repos/acme/line/issues/comments/42"),
    ],
)
def test_a_pull_request_has_one_comment(found: str, call: str, tmp_path: Path) -> None:
    step = workflow("branch")["jobs"]["comment"]["steps"][-1]
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    (tmp_path / "comment.md").write_text("## What changes\n")
    given = {
        "COMMENTS": "repos/acme/line/issues/7/comments",
        "ONE": "repos/acme/line/issues/comments",
        "FOUND": found,
        "PATH": f"{tmp_path}:/usr/bin:/bin",
    }
    subprocess.run(["bash", "-e", "-c", step["run"]], env=given, cwd=tmp_path, check=True)
    asked, *sent = (tmp_path / "calls").read_text().splitlines()
    assert asked.startswith("api --paginate repos/acme/line/issues/7/comments --jq .[] | select(")
    assert sent == [
        f"api --silent {call} --field body=@body.md",
        "<!-- assembly-line: what changes -->",
        "## What changes",
    ]
