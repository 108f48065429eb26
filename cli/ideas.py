"""Ideas that are not merged yet: the branches of the repository in which a command runs."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

from runtime.throughput.innovation import Branch

_MAIN = ("origin/main", "main", "origin/master", "master")
_MOST = 100
_SECONDS = 20


def unmerged(root: Path) -> list[Branch]:
    """Return the branches with commits that the main branch has not, the newest hundred, the newest first.

    A branch that is here and at a remote is one. Nothing where git, a repository or a main branch is missing.
    """
    main = next((name for name in _MAIN if _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")), None)
    if main is None:
        return []
    listed = _git(
        root,
        "for-each-ref",
        "--sort=-committerdate",
        f"--count={_MOST}",
        f"--no-merged={main}",
        "--format=%(refname)",
        "refs/heads",
        "refs/remotes",
    )
    found: dict[str, Branch] = {}
    for ref in listed.splitlines():
        name = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ref.split("/", 3)[-1]
        moments = _git(root, "log", "--format=%aI", f"{main}..{ref}", "--").split()
        if moments and name not in found:
            made = [dt.datetime.fromisoformat(each).astimezone(dt.UTC) for each in moments]
            found[name] = Branch(name, len(made), min(made), max(made))
    return list(found.values())


def _git(root: Path, *arguments: str) -> str:
    """Return what git prints, nothing where it fails or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
