"""The ``line`` command on a line that has run before: what is skipped, what runs again and why, what is built on it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from runtime.events import STATIONS
from tests.clone import Clone, Ended
from tests.test_line_run import wait_for

pytestmark = pytest.mark.thorough
"""By default test_people.py has a line that runs again: fresh stations skipped, a forced one not."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    made = Clone.make(tmp_path_factory.mktemp("again"))
    made.new("shop")
    return made


@pytest.fixture(scope="module")
def up(clone: Clone) -> Iterator[Clone]:
    """A ``line up`` in which the line has run once."""
    process = clone.start("up", "--port", "0")
    wait_for("endpoint_url", process)
    try:
        first = clone.line("run", "shop", "--json")
        assert first.document["status"] == "succeeded", first.stderr
        yield clone
    finally:
        process.send_signal(signal.SIGINT)
        ended = clone.wait(process)
    assert ended.status == 0, ended.stderr
    assert clone.gone(), clone.processes()


def statuses(ended: Ended) -> dict[str, str]:
    return {one["station"]: one["status"] for one in ended.document["stations"]}


def planned(clone: Clone, *options: str) -> dict[str, tuple[str, str]]:
    ended = clone.line("plan", "shop", "--json", *options)
    assert ended.status == 0, ended.stderr
    return {one["station"]: (one["would"], one["why"]) for one in ended.document["stations"]}


def receipt(clone: Clone, run: str, station: str) -> dict[str, Any]:
    make: Any = boto3.client
    said = json.loads((clone.root / ".assembly" / "up.json").read_text())
    s3 = make("s3", endpoint_url=said["endpoint"])
    (lake,) = [item["Name"] for item in s3.list_buckets()["Buckets"] if "lake" in item["Name"]]
    found: dict[str, Any] = json.loads(s3.get_object(Bucket=lake, Key=f"runs/shop/{run}/{station}.json")["Body"].read())
    return found


def test_a_second_run_of_an_unchanged_line_skips_every_station(up: Clone) -> None:
    assert {would for would, _ in planned(up).values()} == {"skip"}
    second = up.line("run", "shop", "--json")
    assert second.document["status"] == "succeeded", second.stderr
    assert statuses(second) == dict.fromkeys(STATIONS, "skipped")
    assert second.document["grants"]["denied"] == 0


def test_a_changed_select_reruns_just_what_depends_on_it(up: Clone) -> None:
    file = up.root / "lines" / "shop" / "curation" / "customers.sql"
    file.write_text(file.read_text().replace("FROM", "-- said otherwise\nFROM"), encoding="utf-8")
    assert planned(up)["curation"] == ("run", "lines/shop/curation/customers.sql changed")
    third = up.line("run", "shop", "--json")
    assert third.document["status"] == "succeeded", third.stderr
    tables = receipt(up, third.document["run"], "curation")["outputs"]["tables"]
    assert {name: table["fresh"] for name, table in tables.items()} == {"customers": False, "orders": True}
    assert third.document["grants"]["denied"] == 0


def test_a_forced_station_runs_although_it_is_fresh(up: Clone) -> None:
    assert planned(up, "--force", "monitoring")["monitoring"] == ("run", "it is forced")
    forced = up.line("run", "shop", "--json", "--force", "monitoring")
    assert statuses(forced)["monitoring"] == "succeeded"
    assert statuses(forced)["scoring"] == "skipped"


def test_a_dataset_is_built_once_and_downloaded(up: Clone) -> None:
    first = up.line("dataset", "build", "shop", "--json", "--task", "none", "--out", "made")
    assert first.status == 0, first.stderr
    again = up.line("dataset", "build", "shop", "--json", "--task", "none")
    assert (again.document["reused"], again.document["fingerprint"]) == (True, first.document["fingerprint"])
    rows = sum(pq.read_table(path).num_rows for path in (up.root / "made").glob("*.parquet"))
    assert rows == sum(first.document["rows"].values()) > 0


def test_history_and_online_store_agree(up: Clone) -> None:
    ended = up.line("features", "verify", "shop", "--json")
    assert (ended.status, ended.document["agrees"]) == (0, True), ended.stderr


def test_tables_can_be_maintained(up: Clone) -> None:
    ended = up.line("maintain", "shop", "--json", "--dry-run")
    assert ended.status == 0, ended.stderr


def moments(clone: Clone) -> list[dict[str, str]]:
    ended = clone.line("ledger", "shop", "--json", "--last", "200")
    found: Any = json.loads(ended.stdout)
    return list(found)


@pytest.mark.last
def test_drift_starts_a_training_that_the_gates_judge_and_the_ledger_tells_it(up: Clone) -> None:
    """Prices triple in the middle of March: a week later drift rings, and a run on newer dates begins by itself."""
    sample = up.root / "lines" / "shop" / "sample.py"
    dearer = "price = round(generator.lognormvariate(3.5, 0.6) * (3 if number >= 75 * _ORDERS_A_DAY else 1), 2)"
    text = sample.read_text(encoding="utf-8")
    sample.write_text(text.replace("price = round(generator.lognormvariate(3.5, 0.6), 2)", dearer), encoding="utf-8")
    shifted = up.line("run", "shop", "--json", "--parameter", "score_date=2026-04-08")
    assert (shifted.document["status"], statuses(shifted)["monitoring"]) == ("succeeded", "flagged"), shifted.stderr

    def retrained() -> list[dict[str, str]] | None:
        told = moments(up)
        runs = {one["run"] for one in told if one["what"] == "asked for: drift"}
        over = {one["run"] for one in told if one["what"] in ("run succeeded", "run halted", "run failed")}
        return told if runs & over else None

    told = eventually(retrained, lambda: moments(up))
    (asked,) = [one for one in told if one["what"].startswith("asked for")]
    assert asked["detail"].startswith("drift of price 0.")
    said = [one["what"] for one in told if one["run"] == asked["run"]]
    assert said[:2] == ["asked for: drift", "run started"]
    assert said[-1] == "run succeeded"
    release = receipt(up, asked["run"], "release")
    assert release["outputs"]["role"] == "champion"
    assert receipt(up, asked["run"], "scoring")["outputs"]["score_date"] == "2026-04-08"


def eventually(look: Callable[[], list[dict[str, str]] | None], tell: Callable[[], object]) -> list[dict[str, str]]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(2)
    raise AssertionError(f"it never came to pass: {tell()}")


@pytest.mark.thorough
def test_variants_run_side_by_side_and_are_compared(clone: Clone) -> None:
    """One comes to its end; the other has no row to test on."""
    ended = clone.line("run", "shop", "--json", "--vary", "test_from=2026-03-15,2026-04-01")
    assert ended.status == 1, ended.stderr
    runs: Any = json.loads(ended.stdout)
    assert [one["parameters"] for one in runs] == [{"test_from": "2026-03-15"}, {"test_from": "2026-04-01"}]
    assert [one["status"] for one in runs] == ["succeeded", "failed"]


def test_a_variant_of_a_parameter_that_is_not_declared_starts_nothing(clone: Clone) -> None:
    ended = clone.line("run", "shop", "--vary", "ronds=5,10")
    assert ended.status == 2
    assert ended.told.startswith("error: --parameter: parameter 'ronds' is not declared, expected one of ")
