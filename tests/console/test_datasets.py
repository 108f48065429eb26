"""The page of datasets: a choice becomes the request of ``line dataset build``, and what it shows is harmless."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.asked import chosen
from cli.dataset import built_by
from cli.deployed import Deployed
from cli.library import open_library, opened_at
from config.errors import LineError
from console.pages.datasets import ACTIONS
from console.shown_views import leading_comment
from console.wanted import Wanted, words
from tests.console.published import HABITS, Published, publish
from tests.moto_server import REGION, Aws
from tests.runtime.shelved import ORDERS
from tests.runtime.shop import FEATURES, LINE, SPINE, bundle

__all__ = ["publish"]

Publish = Callable[..., Published]

ATTACK = "<script>alert(1)</script>"
SHOP = bundle().definition
COLUMNS = {"habits": ["spent", "dear"]}


@pytest.fixture(scope="module")
def shop(aws: Aws, publish: Publish) -> Published:
    return publish(LedgerTable=aws.table("pk", "sk"))


def test_the_page_offers_every_column_of_every_view(shop: Published) -> None:
    told = shop.get("/datasets/shop")
    for part in ('value="habits:spent" checked', 'value="habits:dear" checked', "per customer", "usable for 72 h"):
        assert part in told, part
    assert "newest 2024-01-30 00:00" in told
    assert "checked" not in shop.get("/datasets/shop?features=")


def test_a_click_is_the_request_of_the_command(shop: Published) -> None:
    told = shop.post("/datasets/shop/look", column="habits:spent", first="2024-01-01", task="none", name="it's")
    command = re.search(r'<pre id="command"[^>]*>(.*?)</pre>', told, re.DOTALL)
    assert command is not None
    assert shlex.split(command[1].replace("&#39;", "'").replace("&#34;", '"')) == [
        *("line", "dataset", "build", "shop", "--features", "habits:spent", "--from", "2024-01-01", "--task", "none"),
        *("--name", "it's", "--environment", shop.environment, "--out", "data"),
    ]
    request = Wanted(features="habits:spent", first="2024-01-01", task="none").asked().request(shop.order)
    opened = opened_at(shop.place.site, "shop")
    assert built_by(opened, request, "").manifest["fingerprint"] in told
    assert "7</span> examples" in told


def test_what_is_built_by_the_action_is_listed_told_and_downloaded(shop: Published) -> None:
    asked = shop.post("/datasets/shop/build", features="habits:dear", name="mine", column="")
    assert "A dataset of shop would be built: 4 examples with 3 columns" in asked
    done = _performed(shop, features="habits:dear", name="mine")
    assert "built: 4 examples with 3 columns" in done
    (link,) = re.findall(r'href="(/datasets/shop/built/[0-9a-f]{64})"', done)
    assert "by arn:aws:sts::123456789012:" in shop.get(link)
    assert "mine" in shop.get("/datasets/shop/built")
    shop.get(link)
    answer = shop.http.get(f"{link}/train.parquet")
    assert answer.headers["content-disposition"].startswith('attachment; filename="shop-mine-')
    assert pq.read_table(pa.BufferReader(answer.content)).num_rows == 2
    assert "was there already" in _performed(shop, features="habits:dear")


def test_a_range_without_rows_is_told_and_the_code_stays(shop: Published) -> None:
    told = shop.post("/datasets/shop/look", column="habits:spent", first="1990-01-01", last="1991-01-01")
    assert "choose another time range or moment" in told
    assert 'role="alert"' in told
    assert "first=&#34;1990-01-01&#34;" in told


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/datasets/none", "line &#39;none&#39; is unknown"),
        ("/datasets/shop/built/abc", "has no dataset"),
        (f"/datasets/shop/built/{'0' * 64}", "has no dataset"),
        (f"/datasets/shop/built/{'../' * 4}x/train.parquet", "there is no page"),
        ("/datasets/shop?features=gone:x", "Datasets of shop"),
    ],
)
def test_an_address_of_nothing_says_so(shop: Published, path: str, says: str) -> None:
    assert says in shop.get(path)


def test_a_view_that_was_removed_is_told_beside_the_form(shop: Published) -> None:
    gone = Wanted(features="gone:x").asked()
    with pytest.raises(LineError, match="'gone' is not a feature view"):
        gone.request(shop.order)
    with pytest.raises(LineError, match="'gone' is not a feature view"):
        ACTIONS[0].describe(shop.place, {"line": "shop", "features": "gone:x"})


def test_no_name_and_no_value_becomes_markup(publish: Publish) -> None:
    habits = HABITS.rename_columns(["customer", "known_at", "spent", ATTACK])
    line = bundle(
        spine=SPINE.replace("'dear'", f"'{ATTACK}'").replace("'cheap'", f"'{ATTACK}'"),
        features={"habits": f"-- {ATTACK}\n{FEATURES['habits']}"},
        definition={**LINE, "question": f"{ATTACK} {ATTACK}"},
    )
    shop = publish(line, {"habits": habits})
    page = shop.get(f"/datasets/shop?name={ATTACK}&features=habits:{ATTACK}&first={ATTACK}")
    look = shop.post("/datasets/shop/look", column=f"habits:{ATTACK}", name=f'"{ATTACK}')
    built = built_by(
        opened_at(shop.place.site, "shop"), Wanted(features="habits").asked().request(shop.order), ATTACK
    ).manifest
    shop.place._kept.pop("built/shop", None)  # what the page was told a moment ago
    listed = shop.get("/datasets/shop/built")
    manifest = shop.get(f"/datasets/shop/built/{built['fingerprint']}")
    for told in (page, look, listed, manifest):
        assert "<script>a" not in told
        assert "&lt;script&gt;alert(1)" in told
    answer = shop.http.get(f"/datasets/shop/built/{built['fingerprint']}/train.parquet")
    assert re.fullmatch(r'attachment; filename="[a-z0-9.-]+"', answer.headers["content-disposition"])


def test_personal_values_are_masked_and_the_column_is_marked(publish: Publish) -> None:
    line = bundle(definition={**LINE, "personal": ["spent", "id"]})
    shop = publish(line, orders=[(4711 + n, *row[1:]) for n, row in enumerate(ORDERS)])
    assert "double · personal" in shop.get("/datasets/shop")
    told = shop.post("/datasets/shop/look", column=["habits:spent", "habits:dear"])
    assert "4711" not in told
    assert told.count("•••") == 4
    assert told.count('class="warning">personal') == 1


@pytest.mark.thorough
def test_two_thousand_columns_are_offered_chosen_and_asked_for(publish: Publish) -> None:
    wide = {f"a_rather_long_name_of_a_column_{n}": HABITS["spent"] for n in range(2000)}
    habits = pa.table({"customer": HABITS["customer"], "known_at": HABITS["known_at"], **wide})
    shop = publish(views={"habits": habits})
    assert shop.get("/datasets/shop").count('name="column"') == 2000
    chosen_columns = [f"habits:{name}" for name in list(wide)[:1999]]
    told = shop.post("/datasets/shop/look", column=chosen_columns)
    assert "2,001</span> columns" in told
    assert "more columns, which are listed below" in told
    features = ",".join(chosen_columns)
    asked = shop.post("/datasets/shop/build", features=features)
    assert "4 examples with 2,001 columns" in asked


def test_a_line_without_views_and_one_that_was_never_published_say_what_is_missing(publish: Publish) -> None:
    dataset = {**LINE["dataset"], "features": []}
    bare = publish(bundle(features={}, definition={**LINE, "features": {}, "dataset": dataset}), {})
    assert "This line has no feature views" in bare.get("/datasets/shop")
    assert "2</span> columns" in bare.post("/datasets/shop/look")
    unpublished = publish(views={})
    assert "Never published" in unpublished.get("/datasets/shop")
    with pytest.raises(LineError, match="table 'habits' of line 'shop' was never published"):
        ACTIONS[0].describe(unpublished.place, {"line": "shop", "features": "habits"})


def test_lost_credentials_are_told_with_the_mend(shop: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    session = boto3.Session(region_name=REGION)
    with pytest.raises(LineError, match="set AWS_PROFILE and AWS_REGION"):
        opened_at(Deployed(session, shop.environment), "shop")


def test_the_library_of_an_environment_is_opened_with_the_callers_own_keys(
    shop: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("ACCESS_KEY_ID", "mine"), ("SECRET_ACCESS_KEY", "mine"), ("REGION", REGION)):
        monkeypatch.setenv(f"AWS_{name}", value)
    opened = open_library(shop.order.bundle, shop.environment)
    assert opened.library.catalog.properties["s3.access-key-id"] == "mine"
    built = built_by(opened, Wanted(task="none").asked().request(shop.order), "by the command")
    assert built.manifest["rows"] == {"train": 2, "validation": 2, "test": 1}
    with pytest.raises(LineError, match="cannot be read in region us-east-1"):
        open_library(shop.order.bundle, "nowhere")


@given(st.sets(st.sampled_from(["habits:spent", "habits:dear", "habits:unknown"])), st.text(), st.text())
def test_ticks_go_through_words_and_come_back(ticked: set[str], name: str, first: str) -> None:
    features = words(SHOP, COLUMNS, ticked)
    wanted = Wanted.of({"name": name, "first": first, **({} if features is None else {"features": features})})
    assert Wanted.of(wanted.plain()) == wanted
    back: dict[str, Any] = wanted.ticked(SHOP)
    shown = {
        f"habits:{c}" for c in COLUMNS["habits"] if back.get("habits", set()) is None or c in back.get("habits", set())
    }
    assert shown == ticked - {"habits:unknown"}
    if features is not None:
        assert set(chosen(SHOP, features)) <= {"habits"}
    compile(wanted.code("shop", "dev"), "code", "exec")
    assert shlex.split(wanted.command("shop", "dev"))[:4] == ["line", "dataset", "build", "shop"]


def test_a_select_says_what_it_is_by_its_first_comment() -> None:
    assert leading_comment("SELECT 1 -- no") == ""
    assert leading_comment("--What\n-- it is.\n\n-- not this\nSELECT 1") == "What it is."


def _performed(shop: Published, **given: str) -> str:
    """Perform the action of building, as its form does, and return how its page ends."""
    key = f"key-{time.monotonic_ns()}"
    shop.post("/actions/build-dataset", form_token=shop.secret.form_token(), key=key, line="shop", **given)
    for _ in range(200):
        told = shop.get(f"/done/{key}/live")
        if 'class="status running"' not in told:
            return told
        time.sleep(0.05)
    raise AssertionError(told)
