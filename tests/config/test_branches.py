from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator

import pytest

from assembly_line.naming import identifier, pascal, slug
from config import tags
from config.branches import LONGEST_ID, environment_id, is_branch_id, normalise
from config.errors import LineError
from config.loading import standing_names
from runtime.endpoint import Hosting, config_name
from runtime.paths import connection_name

LINE = "l" * 20
"""As long as the name of a line may be."""

HOSTING = Hosting("arn:aws:iam::111111111111:role/r", "image", "serverless", 1024, 1, "", 0, "key")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
NAMES: dict[str, tuple[Callable[[str], str], str]] = {
    "S3 bucket, if one were named": (slug, r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
    "CloudFormation stack": (lambda id_: f"AssemblyLine-{id_}-{pascal(LINE)}", r"[a-zA-Z][-a-zA-Z0-9]{0,127}"),
    "CloudFormation export": (lambda id_: f"AssemblyLine-{id_}-Foundation:{'E' * 120}", r"[-:a-zA-Z0-9]{1,255}"),
    "SageMaker endpoint": (lambda id_: slug(id_, LINE), r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"),
    "SageMaker model package group": (lambda id_: slug(id_, LINE), r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"),
    "SageMaker model and configuration": (
        lambda id_: config_name(slug(id_, LINE), HOSTING, "s3://models/model.tar.gz", {}),
        r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    ),
    "IAM role, Lambda function, rule, schedule": (lambda id_: slug(id_, LINE), r"[\w.-]{1,64}"),
    "Step Functions state machine": (lambda id_: f"{slug(id_, LINE)}-release", r"[a-zA-Z0-9-_]{1,80}"),
    "SQS queue": (lambda id_: f"{slug(id_, LINE)}.fifo", r"(?=.{1,80}$)[a-zA-Z0-9-_]+\.fifo"),
    "EventBridge bus": (slug, r"[/.\-_A-Za-z0-9]{1,256}"),
    "Glue and Athena database": (identifier, r"[a-z0-9_]{1,255}"),
    "Glue connection": (lambda id_: connection_name(id_, LINE, "c" * 40, "d" * 40), r"[a-zA-Z0-9_-]{1,255}"),
    "Glue security configuration": (lambda id_: slug(id_, LINE), r"[a-zA-Z0-9_-]{1,255}"),
    "CloudWatch dashboard and alarm": (lambda id_: slug(id_, LINE), r"[a-zA-Z0-9_-]{1,255}"),
    "CloudWatch log group": (
        lambda id_: f"/aws/vendedlogs/states/{slug(id_, LINE)}-release",
        r"[.\-_/#A-Za-z0-9]{1,512}",
    ),
    "REST API": (lambda id_: slug(id_, LINE), r"[a-zA-Z0-9_-]{1,255}"),
    "SSM parameter": (lambda id_: f"/assembly-line/environments/{id_}/expires-at", r"[a-zA-Z0-9_.\-/]{1,1011}"),
    "Tag": (lambda id_: id_, r"[a-zA-Z0-9 _.:/=+@-]{0,256}"),
}
"""Each kind of resource whose name we state, in a template or in a run: the longest such name, and what AWS takes."""


def adversarial() -> Iterator[str]:
    """Yield distinct names of branches that look alike, are cut alike, or are hardly letters."""
    seen: set[str] = set()
    drawn = random.Random(7)

    def fresh(name: str) -> bool:
        new = name not in seen
        seen.add(name)
        return new

    alike = ["feature", "Feature", "FEATURE", "prod", "dev", "local", "account", "x", "0", "é", "ß"]
    marks = [*"/-_.+#=@;'é\u0130\u212a", "--", "__", "e\u0301", "日本", "🚀", "$(id)"]
    yield from filter(fresh, (*alike, *standing_names()))
    yield from filter(fresh, map("".join, itertools.product(alike, marks, alike, marks, alike)))
    yield from filter(fresh, ("a" * length for length in range(1, 200)))  # one beginning, longer than any slug
    while True:
        kind = drawn.random()
        if kind < 0.4:
            name = f"dependabot/npm_and_yarn/{drawn.choice(LETTERS)}-{drawn.randrange(10**6)}.{drawn.randrange(100)}"
        elif kind < 0.7:
            name = "feature" + drawn.choice(marks) + str(drawn.getrandbits(24))
        else:
            name = "".join(drawn.choices("aAbB01-_/é", k=12)).replace("//", "/x").strip("/-") or "y"
        if fresh(name):
            yield name


@pytest.mark.parametrize("refs", [100_000, pytest.param(1_000_000, marks=pytest.mark.thorough)])
def test_each_of_many_refs_has_its_own_id_which_is_valid_and_no_standing_name(refs: int) -> None:
    shape = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*-[a-z2-7]{10}")
    count = 0
    ids: set[str] = set()
    for ref in itertools.islice(adversarial(), refs):
        made = environment_id(ref)
        assert len(made) <= LONGEST_ID, ref
        assert shape.fullmatch(made), ref
        ids.add(made)
        count += 1
    assert (count, len(ids)) == (refs, refs)
    assert ids.isdisjoint(standing_names())


@pytest.mark.parametrize("kind", NAMES)
def test_every_name_that_we_state_is_one_that_aws_takes(kind: str) -> None:
    """An id is valid by its characters and its length: so by the longest, and by many."""
    name, allowed = NAMES[kind]
    refs = [*itertools.islice(adversarial(), 0, 60_000, 60), "a" * 200, "1" * 200, "z-" * 40 + "z"]
    ids = [environment_id(ref) for ref in refs]
    assert max(map(len, ids)) == LONGEST_ID
    assert [id_ for id_ in ids if not re.fullmatch(allowed, name(id_))] == []


def test_what_a_branch_could_be_called_is_no_standing_name() -> None:
    assert [name for name in standing_names() if is_branch_id(name)] == []
    assert all(is_branch_id(environment_id(name)) for name in standing_names())


@pytest.mark.parametrize("ref", ["refs/heads/feature/a", "origin/feature/a", "refs/remotes/origin/feature/a"])
def test_every_way_to_write_a_branch_leads_to_one_environment(ref: str) -> None:
    assert normalise(ref) == "feature/a"
    assert environment_id(ref) == environment_id("feature/a") == "feature-a-suoufxac3r"


def test_what_is_alike_as_a_slug_is_told_apart() -> None:
    assert len({environment_id(ref) for ref in ("feature/a", "feature-a", "Feature/A", "feature_a", "feature/A")}) == 5


def test_a_name_once_normal_stays_as_it_is() -> None:
    assert all(normalise(normalise(ref)) == normalise(ref) for ref in itertools.islice(adversarial(), 2_000))


@pytest.mark.parametrize(
    "ref",
    ["refs/pull/7/merge", "refs/pull/7/head", "pull/7/merge", "7/merge"],
)
def test_a_pull_requests_merge_is_refused_with_the_mend(ref: str) -> None:
    with pytest.raises(LineError) as told:
        normalise(ref)
    assert str(told.value) == (
        f"branch {ref!r} is a pull request's merge, which no branch is, expected the branch that it comes from: "
        "give its name, which GitHub Actions knows as github.head_ref"
    )


@pytest.mark.parametrize("ref", ["refs/tags/v1", "refs/heads/refs/heads/a", "origin/origin/a", "refs/heads/origin/a"])
def test_a_ref_that_could_be_another_is_refused(ref: str) -> None:
    with pytest.raises(LineError) as told:
        environment_id(ref)
    assert str(told.value) == (
        f"branch {ref!r} cannot be told from another ref, expected refs/heads/<branch> or <branch>: "
        "give the branch's own name, or rename one that begins with refs/ or origin/"
    )


@pytest.mark.parametrize(
    ("ref", "place"),
    [
        ("", "'' at 0"),
        ("HEAD", "'HEAD' at 0"),
        ("refs/heads/", "'' at 0"),
        ("a b", "' ' at 1"),
        ("a\nb", "'\\n' at 1"),
        ("--all", "'-' at 0"),
        ("a..b", "'..' at 1"),
        ("a.lock", "'.lock' at 1"),
        ("a/", "'/' at 1"),
        ("a\udcff", "'\\udcff' at 1"),
    ],
)
def test_what_git_takes_for_no_branch_is_refused(ref: str, place: str) -> None:
    with pytest.raises(LineError) as told:
        environment_id(ref)
    assert str(told.value) == (
        f"branch {ref!r} is no name that git gives a branch ({place}), expected one such as feature/prices: correct it"
    )


def test_a_name_that_fits_into_no_tag_is_refused() -> None:
    ref = "é" * 43
    with pytest.raises(LineError) as told:
        environment_id(ref)
    assert str(told.value) == (f"branch {ref!r} takes 258 characters as a tag, expected at most 256: rename the branch")


def test_a_ref_as_a_tag_is_plain_and_comes_back() -> None:
    for ref in itertools.islice(adversarial(), 0, 60_000, 10):
        value = tags.encoded(ref)
        assert re.fullmatch(r"[a-zA-Z0-9_.:/=+@-]{1,256}", value)
        assert tags.decoded(value) == ref
