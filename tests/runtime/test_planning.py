from pathlib import Path

import pytest

from config.parameters import resolve
from runtime.plan import Plan, canonical, decoded
from runtime.planning import plan
from tests.runtime.shop import LINE, bundle


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "lines" / "shop").mkdir(parents=True)
    (tmp_path / "lines" / "shop" / "train.py").write_text("def train(dataset, parameters): ...")
    return tmp_path


def made(root: Path, **changes: object) -> Plan:
    line = bundle(**changes)
    return plan(line, values=resolve(line.definition.parameters, {}), code="c0de", root=root)


def test_a_plan_says_what_each_select_reads_and_names(root: Path) -> None:
    found = made(root, curation={"orders": "SELECT * FROM raw.orders WHERE price >= $least", "more": "FROM orders"})
    orders, more = found.curation["orders"], found.curation["more"]
    assert (orders.sources, orders.tables, orders.parameters) == (("orders",), (), ("least",))
    assert (more.sources, more.tables) == ((), ("orders",))
    assert (found.features["habits"].tables, found.spine.tables, found.views) == (("orders",), ("orders",), ("habits",))


def test_a_plan_is_the_same_after_it_was_staged(root: Path) -> None:
    found = made(root)
    assert decoded(found.encoded()) == found


def test_a_changed_select_changes_its_own_digest_alone(root: Path) -> None:
    first, second = made(root), made(root, spine="SELECT *, 1 AS more FROM orders")
    assert first.spine.digest != second.spine.digest
    assert (first.curation, first.features, first.settings) == (second.curation, second.features, second.settings)


def test_a_changed_train_py_changes_training_alone(root: Path) -> None:
    first = made(root)
    (root / "lines" / "shop" / "train.py").write_text("def train(dataset, parameters): return 1")
    second = made(root)
    changed = [station for station in first.settings if first.settings[station] != second.settings[station]]
    assert changed == ["training"]


def test_changed_tests_change_the_station_that_runs_them(root: Path) -> None:
    tests = {**LINE["tests"], "habits": [{"check": "range", "column": "spent", "minimum": 1, "severity": "error"}]}
    first, second = made(root), made(root, definition={**LINE, "tests": tests})
    assert [s for s in first.settings if first.settings[s] != second.settings[s]] == ["features"]


def test_a_station_with_tests_that_look_at_the_clock_is_known(root: Path) -> None:
    late = {"check": "freshness", "column": "placed", "hours": 24, "severity": "warning"}
    assert made(root).timely == ()
    assert made(root, definition={**LINE, "tests": {"orders": [late]}}).timely == ("curation",)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("integer", (7, "7", "07")),
        ("number", (1.5, "1.5", "1.50")),
        ("boolean", (True, "true")),
        ("date", ("2024-01-01",)),
        ("string", ("x",)),
    ],
)
def test_a_value_is_one_text_however_it_is_written(kind: str, values: tuple[object, ...]) -> None:
    assert len({canonical(kind, value) for value in values}) == 1


def test_what_a_run_gives_comes_before_the_environment(root: Path) -> None:
    assert made(root).values({"least": "05"})["least"] == "5"
