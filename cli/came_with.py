"""The commits that came with a deploy, as git tells them: when each was written, and when it came onto the branch."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.errors import LineError
from config.loading import ROOT
from runtime.records import Commit

MOST = 1000
"""Commits that one event tells, the newest: an event holds 256 KB."""


@dataclass(frozen=True)
class _Known:
    parents: tuple[str, ...]
    authored: dt.datetime
    committed: dt.datetime


def came_with(commit: str, *, since: str | None, merges: bool, root: Path = ROOT) -> list[Commit]:
    """Return the commits that ``commit`` has and ``since`` has not, the newest first; without ``since`` it alone.

    One that came by a merge was merged when that was made, any other of the first-parent line when it was committed;
    without ``merges`` nothing is told of that: a branch's own commits are not merged yet. Raises LineError where git
    does not know them.
    """
    found = _log(f"{since}..{commit}" if since else commit, root, first=since is None)
    merged = _merged(commit, found, root) if merges else {}
    return [Commit(name, one.authored, merged.get(name)) for name, one in list(found.items())[:MOST]]


def head(root: Path = ROOT) -> str | None:
    """Return the commit that is checked out, or None where there is no git or no commit."""
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "HEAD").strip() or None
    except LineError:
        return None


def full(name: str, root: Path = ROOT) -> str:
    """Return the whole name of a commit; raises LineError for one that git does not know."""
    return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()


def _merged(commit: str, found: Mapping[str, _Known], root: Path) -> dict[str, dt.datetime]:
    """Walk the first-parent line from its oldest commit; what a merge reaches and none before it came with it."""
    line, name = [], full(commit, root)
    while name in found:
        line.append(name)
        name = found[name].parents[0] if found[name].parents else ""
    when: dict[str, dt.datetime] = {}
    for merge in reversed(line):
        waiting = [merge]
        while waiting:
            one = waiting.pop()
            if one in found and one not in when:
                when[one] = found[merge].committed
                waiting += found[one].parents
    return when


def _log(which: str, root: Path, *, first: bool) -> dict[str, _Known]:
    told = _git(
        root,
        *("log", "--topo-order", "--format=%H%x09%P%x09%aI%x09%cI", f"--max-count={1 if first else MOST}"),
        *("--end-of-options", which, "--"),
    )
    found = {}
    for line in told.splitlines():
        name, parents, authored, committed = line.split("\t")
        moments = (dt.datetime.fromisoformat(authored), dt.datetime.fromisoformat(committed))
        found[name] = _Known(tuple(parents.split()), *moments)
    return found


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise LineError("git is not installed, which tells what comes with a deploy: install it") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise LineError(
            f"git does not know what was deployed ({said[0] if said else ' '.join(arguments)}): fetch the whole "
            "history (`git fetch --unshallow`), or name commits of this repository"
        )
    return done.stdout
