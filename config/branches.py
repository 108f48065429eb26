"""Which environment belongs to a git branch: one normal form of its name, and one id made from it.

Deploy, destroy and the workflow's concurrency group call the same two functions.
"""

from __future__ import annotations

import base64
import hashlib
import re

from config import tags
from config.errors import LineError

LONGEST_ID = 24
HASH = 10

_PREFIX = re.compile(r"^(?:refs/heads/|refs/remotes/origin/|origin/)")
_MERGE = re.compile(r"(?:refs/)?(?:pull/)?\d+/(?:merge|head)|refs/pull/.*")
_REFUSED = re.compile(  # what git itself refuses as the name of a branch
    r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|//|@\{|^[-/.]|/\.|[/.]$|\.lock(?:/|$)|^(?:@|HEAD)?$"
)
_SLUG = re.compile(r"[^a-z0-9]+")
_ID = re.compile(rf"[a-z][a-z0-9]*(?:-[a-z0-9]+)*-[a-z2-7]{{{HASH}}}")


def normalise(ref: str) -> str:
    """Return the name of the branch that a ref is of; the name itself stays as it is.

    Raises LineError for what is no branch: a pull request's merge, a tag, a name that git would not take.

    >>> normalise("refs/heads/feature/a"), normalise("origin/feature/a"), normalise("feature/a")
    ('feature/a', 'feature/a', 'feature/a')
    """
    if _MERGE.fullmatch(ref):
        raise LineError(
            f"branch {ref!r} is a pull request's merge, which no branch is, expected the branch that it comes from: "
            "give its name, which GitHub Actions knows as github.head_ref"
        )
    name = _PREFIX.sub("", ref)
    if name.startswith(("refs/", "origin/")):
        raise LineError(
            f"branch {ref!r} cannot be told from another ref, expected refs/heads/<branch> or <branch>: "
            "give the branch's own name, or rename one that begins with refs/ or origin/"
        )
    if wrong := _REFUSED.search(name):
        raise LineError(
            f"branch {ref!r} is no name that git gives a branch ({wrong[0]!r} at {wrong.start()}), "
            "expected one such as feature/prices: correct it"
        )
    if len(tags.encoded(name)) > tags.LONGEST:
        raise LineError(
            f"branch {ref!r} takes {len(tags.encoded(name))} characters as a tag, expected at most {tags.LONGEST}: "
            "rename the branch"
        )
    return name


def environment_id(ref: str) -> str:
    """Return the name of a branch's environment: at most 24 of a-z, 0-9 and hyphens, always ending in a hash.

    >>> environment_id("feature/a"), environment_id("Feature/A")
    ('feature-a-suoufxac3r', 'feature-a-lekk6vt3s7')
    """
    name = normalise(ref)
    digest = base64.b32encode(hashlib.sha256(name.encode()).digest()).decode().lower()[:HASH]
    slug = _SLUG.sub("-", name.lower()).strip("-")
    if not slug[:1].isalpha():
        slug = f"b-{slug}"
    slug = slug[: LONGEST_ID - HASH - 1].strip("-")
    return f"{slug}-{digest}"


def is_branch_id(name: str) -> bool:
    """Tell whether a name could be a branch's environment, so that no standing one may have it.

    >>> is_branch_id("feature-a-w5dejikilr"), is_branch_id("prod")
    (True, False)
    """
    return len(name) <= LONGEST_ID and _ID.fullmatch(name) is not None
