import datetime as dt
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from config.errors import LineError
from runtime.builder import ALL, Built, Request
from runtime.datasets import Choice
from runtime.examples_file import ExamplesFile
from runtime.paths import dataset_prefix
from runtime.shelf import Shelf
from runtime.windows import Window
from tests.moto_server import Aws, Scenario, converge
from tests.runtime.shelved import Make, at, build, history, made
from tests.runtime.shop import LINE, PARAMETERS, SPINE, bundle

__all__ = ["made"]

EVER = {ALL: Window(dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 1, 1, tzinfo=dt.UTC))}
KNOWING = bundle(
    spine=SPINE.replace("returned FROM", "returned, placed + INTERVAL 2 DAY AS told FROM"),
    definition={**LINE, "dataset": {**LINE["dataset"], "label_known_at": "told"}},
)


def request(**changes: Any) -> Request:
    return replace(Request.of(bundle(), PARAMETERS), **changes)


@pytest.fixture
def shelf(aws: Aws) -> Shelf:
    return Shelf(aws.client("s3"), aws.bucket(), "shop")


def keys(shelf: Shelf, manifest: dict[str, Any]) -> list[str]:
    prefix = dataset_prefix("shop", manifest["fingerprint"])
    found = shelf.s3.list_objects_v2(Bucket=shelf.lake, Prefix=prefix).get("Contents", [])
    return sorted(one["Key"].removeprefix(prefix) for one in found)


def test_the_same_request_finds_the_dataset_that_is_there(shelf: Shelf) -> None:
    first, second = build(shelf, request()), build(shelf, request())
    assert (first.is_reused, second.is_reused) == (False, True)
    assert second.manifest == first.manifest


@pytest.mark.parametrize(
    "changes",
    [
        {"choice": Choice(request=["price"], views={})},
        {"choice": Choice(request=["price", "kind"], views={"habits": ["spent"]}, categorical={"kind"})},
        {"windows": EVER},
        {"task": "none"},
    ],
)
def test_another_request_is_another_dataset(shelf: Shelf, changes: dict[str, Any]) -> None:
    first, second = build(shelf, request()), build(shelf, request(**changes))
    assert second.manifest["fingerprint"] != first.manifest["fingerprint"]


def test_another_snapshot_is_another_dataset_and_an_unused_parameter_is_not(shelf: Shelf) -> None:
    first = build(shelf, request()).manifest["fingerprint"]
    assert build(shelf, request(), snapshot=2).manifest["fingerprint"] != first
    other = request(parameters={**PARAMETERS, "least": 5})  # no parameter of the spine
    assert build(shelf, other).is_reused


def test_single_columns_of_a_view_can_be_chosen(made: Make) -> None:
    choice = Choice(request=["price"], views={"habits": ["dear"]})
    found = made(request=request(choice=choice, windows=EVER, task="none"))
    assert found.parts[ALL].column_names == ["id", "placed", "price", "habits__dear"]


def test_a_column_that_a_view_lacks_is_named(shelf: Shelf) -> None:
    with pytest.raises(LineError) as error:
        build(shelf, request(choice=Choice(request=[], views={"habits": ["spend"]})))
    assert str(error.value) == (
        "feature view 'habits' has no column 'spend', expected one of spent, dear (closest: 'spent'): correct the name"
    )


def test_a_table_that_was_never_published_is_named(shelf: Shelf) -> None:
    line = bundle(definition={**LINE, "features": {**LINE["features"], "tastes": LINE["features"]["habits"]}})
    with pytest.raises(LineError) as error:
        build(shelf, request(bundle=line, choice=Choice(request=[], views={"tastes": None})))
    assert str(error.value) == (
        "table 'tastes' of line 'shop' was never published, published are habits, orders: "
        "let `line run shop` publish it first"
    )


def test_as_of_a_moment_neither_later_examples_nor_later_labels_are_used(made: Make) -> None:
    found = made(request=request(bundle=KNOWING, windows=EVER, as_of=at(8)))
    assert found.parts[ALL]["id"].to_pylist() == ["1", "2"]  # of the others the label was not known, or nothing yet
    assert found.manifest["unlabelled"] == 2


def test_as_of_a_moment_needs_to_know_when_labels_became_known(shelf: Shelf) -> None:
    with pytest.raises(LineError) as error:
        build(shelf, request(windows=EVER, as_of=at(8)))
    assert str(error.value) == (
        "lines/shop/line.yaml: dataset.label_known_at is not given, expected the column of spine.sql with the moment "
        "from which a label is known: give it, so that no label from after --as-of is used, or ask for the task none"
    )


def test_as_of_a_moment_before_all_data_there_is_nothing(shelf: Shelf) -> None:
    with pytest.raises(LineError) as error:
        build(shelf, request(windows=EVER, as_of=at(1), task="none"))
    assert str(error.value) == (
        "lines/shop/spine.sql: no row lies in [0001-01-01 00:00, 9999-01-01 00:00), known as of 2024-01-01 00:00: "
        "choose another time range or moment"
    )


def test_a_file_of_examples_takes_the_place_of_the_spine(made: Make, tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_text("customer,placed\nann,2024-01-02\nbob,2024-01-02\nann,2024-01-07\n")
    choice = Choice(request=[], views={"habits": None})
    found = made(request=request(choice=choice, windows=EVER, task="none", file=ExamplesFile(path)))
    assert found.parts[ALL]["habits__spent"].to_pylist() == [1.0, None, 9.0]


@pytest.mark.parametrize(("entity", "found"), [("7", 1.0), ("07", 1.0)])
def test_entities_that_are_written_as_numbers_are_found(made: Make, tmp_path: Path, entity: str, found: float) -> None:
    path = tmp_path / "given.csv"
    path.write_text(f"customer,placed\n{entity},2024-01-02\n")
    known = history(("7", at(1), 1.0))["habits"]
    views = {"habits": known.set_column(0, "customer", known["customer"].cast(pa.int64()))}
    choice = Choice(request=[], views={"habits": ["spent"]})
    asked = request(choice=choice, windows=EVER, task="none", file=ExamplesFile(path))
    assert made(views, request=asked).parts[ALL]["habits__spent"].to_pylist() == [found]


def test_a_text_where_a_view_has_a_number_is_named(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_text("customer,placed\nann,2024-01-02\n")
    known = history(("7", at(1), 1.0))["habits"]
    views = {"habits": known.set_column(0, "customer", known["customer"].cast(pa.int64()))}
    choice = Choice(request=[], views={"habits": ["spent"]})
    with pytest.raises(LineError) as error:
        build(shelf, request(choice=choice, windows=EVER, task="none", file=ExamplesFile(path)), views)
    assert str(error.value) == (
        f"{path}: column 'customer' has the type string, expected int64 as in feature view 'habits': cast it"
    )


def test_a_build_that_is_struck_at_any_call_and_runs_again_leaves_one_whole_dataset(aws: Aws) -> None:
    def scenario() -> Scenario:
        lake = aws.bucket()
        shelf = Shelf(aws.client("s3"), lake, "shop")

        def work(s3: Any) -> Built:
            return build(Shelf(s3, lake, "shop"), request())

        def check() -> None:
            manifest = build(shelf, request()).manifest
            assert keys(shelf, manifest) == sorted(
                ["manifest.json", *(file["file"] for file in manifest["files"].values())]
            )
            assert {part: shelf.rows(manifest, part).num_rows for part in manifest["files"]} == manifest["rows"]

        return Scenario(services=("s3",), work=work, check=check)

    struck = converge(aws, scenario)
    assert struck[-1] == "PutObject"  # the manifest


def test_of_two_builds_at_once_the_first_manifest_stays(shelf: Shelf) -> None:
    barrier, built = threading.Barrier(2), []

    def work() -> None:
        barrier.wait()
        built.append(build(shelf, request()).manifest)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built[0] == built[1] == shelf.find(built[0]["fingerprint"])


def many(leak: str) -> tuple[list[tuple[Any, ...]], dict[str, pa.Table]]:
    """Return 1500 orders of as many customers, and a view of each that knows something of the label."""
    start = at(1)
    orders, rows = [], []
    for i in range(1500):
        placed = start + dt.timedelta(minutes=i)
        returned = (i * 7919) % 13 < 4
        orders.append((i, placed.replace(tzinfo=None), f"c{i}", float(i % 17), returned))
        said = float(returned) if leak == "label" else float((i * 31) % 7)
        rows.append((f"c{i}", placed, said))
    return orders, history(*rows)


def test_a_feature_that_is_the_label_is_warned_of(made: Make) -> None:
    orders, views = many("label")
    asked = request(windows=EVER)
    warned = made(views, request=asked, orders=orders).manifest["warnings"]
    assert [warning["subject"] for warning in warned] == ["habits__spent", "habits"]
    assert warned[0]["why"] == (
        "it tells the label of 1500 rows without an error: is it computed from the label, or is its event time too "
        "early?"
    )


def test_a_feature_that_is_not_the_label_is_not_warned_of(made: Make) -> None:
    orders, views = many("nothing")
    assert made(views, request=request(windows=EVER), orders=orders).manifest["warnings"] == []


def test_a_label_that_was_known_by_the_time_of_the_question_is_warned_of(made: Make) -> None:
    spine = SPINE.replace("returned FROM", "returned, placed AS told FROM")
    line = bundle(spine=spine, definition=KNOWING.definition.model_dump())
    warned = made(request=request(bundle=line, windows=EVER)).manifest["warnings"]
    assert warned == [{"subject": "returned", "why": "6 examples ask for a label that was known by their event time"}]


def test_how_the_examples_are_cut_into_chunks_changes_nothing(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    orders, views = many("nothing")
    asked = request(windows=EVER, task="none")
    whole = made(views, request=asked, orders=orders)
    monkeypatch.setattr("runtime.datasets._chunk_rows", lambda *_: 7)
    assert made(views, request=asked, orders=orders).parts[ALL].equals(whole.parts[ALL])
