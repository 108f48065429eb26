import datetime as dt
import time

import pytest

from runtime import publication
from runtime.receipts import Receipt
from tests.jobs.workshop import Workshop
from tests.moto_server import Aws
from tests.runtime.shop import CURATION, LINE, orders


@pytest.fixture
def workshop(aws: Aws) -> Workshop:
    return Workshop(aws)


def test_raw_files_become_published_tables(workshop: Workshop) -> None:
    code, receipt = workshop.run("curate")
    assert (code, receipt.station, receipt.status, receipt.message) == (0, "curation", "succeeded", "")
    assert receipt.outputs["tables"]["orders"]["rows"] == len(workshop.rows("orders")) == 20
    assert (receipt.outputs["sources"]["orders"]["files"], receipt.outputs["sources"]["orders"]["rows"]) == (1, 20)
    assert [result["passed"] for result in receipt.inspections] == [True, True]


def test_a_run_gives_parameters_over_the_environment(workshop: Workshop) -> None:
    _, receipt = workshop.run("curate", least=10)
    assert receipt.outputs["tables"]["orders"]["rows"] == 2


def test_a_warning_flags_and_publishes(workshop: Workshop) -> None:
    workshop.deliver(orders() + "99,2024-01-09,,3,true\n")
    code, receipt = workshop.run("curate")
    assert (code, receipt.status, receipt.message, len(workshop.rows("orders"))) == (
        0,
        "flagged",
        "curation: orders.customer not_null: expected no null, found 1 of 21 rows (4.76 %)",
        21,
    )


def test_an_error_halts_and_readers_stay_on_the_last_good_data(workshop: Workshop) -> None:
    workshop.run("curate")
    workshop.deliver(orders() + "2,2024-01-09,eve,3,true\n")
    code, receipt = workshop.run("curate", "run-2")
    assert (code, receipt.status, receipt.message, len(workshop.rows("orders"))) == (
        0,
        "halted",
        "curation: orders.id unique: expected no value twice, found 1 of 21 rows (4.76 %)",
        20,
    )


def test_a_bad_file_fails_with_its_name_and_readers_stay(workshop: Workshop) -> None:
    workshop.run("curate")
    workshop.deliver(orders().replace("price", "cost", 1))
    code, receipt = workshop.run("curate", "run-2")
    assert (code, receipt.status, receipt.message) == (
        65,
        "failed",
        f"s3://{workshop.raw}/shop/orders/orders.csv: column 'price' is missing; the file has id, placed, customer, "
        "cost, returned: restore the column in the file or declare its new name under sources.orders.columns in "
        "line.yaml",
    )
    assert len(workshop.rows("orders")) == 20


def test_an_empty_result_never_replaces_rows(workshop: Workshop) -> None:
    workshop.run("curate")
    code, receipt = workshop.run("curate", "run-2", least=1000)
    assert (code, receipt.message, len(workshop.rows("orders"))) == (
        65,
        f"table '{workshop.database}.shop_orders': its new content is empty, but the published one has 20 rows: "
        "correct its SELECT or its sources; an empty table never replaces rows",
        20,
    )


def test_one_bad_table_holds_back_the_others(workshop: Workshop) -> None:
    curation = {**CURATION, "prices": "SELECT price FROM orders"}
    workshop.stage(curation=curation)
    workshop.run("curate")
    tests = {"prices": [{"check": "range", "column": "price", "maximum": 10, "severity": "error"}]}
    workshop.stage(curation=curation, definition={**LINE, "tests": tests})
    workshop.deliver(orders(12))
    _, receipt = workshop.run("curate", "run-2")
    assert (receipt.status, len(workshop.rows("orders")), len(workshop.rows("prices"))) == ("halted", 20, 20)


def test_the_process_tells_a_mistake_in_one_line(workshop: Workshop) -> None:
    workshop.stage(curation={"orders": "SELECT idd FROM raw.orders"})
    ended = workshop.process("curate")
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        65,
        "",
        'lines/shop/curation/orders.sql:1: Binder Error: Referenced column "idd" not found in FROM clause '
        '(Candidate bindings: "id"): correct the SELECT\n',
    )


CHAIN = {
    **CURATION,
    "prices": "SELECT id, price FROM orders",
    "customers": "SELECT DISTINCT customer FROM raw.orders",
}


def fresh(receipt: Receipt) -> dict[str, bool]:
    return {name: table["fresh"] for name, table in receipt.outputs["tables"].items()}


def test_what_is_fresh_stays_as_it_is(workshop: Workshop) -> None:
    workshop.stage(curation=CHAIN)
    _, first = workshop.run("curate")
    code, second = workshop.run("curate", "run-2")
    assert (code, fresh(second)) == (0, {"orders": True, "prices": True, "customers": True})
    assert snapshots(first) == snapshots(second)
    assert second.inspections == first.inspections


def snapshots(receipt: Receipt) -> dict[str, int]:
    return {name: table["snapshot"] for name, table in receipt.outputs["tables"].items()}


def test_a_changed_select_reruns_just_what_depends_on_it(workshop: Workshop) -> None:
    workshop.stage(curation=CHAIN)
    workshop.run("curate")
    workshop.stage(curation={**CHAIN, "orders": CHAIN["orders"] + " AND id > 3"})
    _, receipt = workshop.run("curate", "run-2")
    assert fresh(receipt) == {"orders": False, "prices": False, "customers": True}
    assert len(workshop.rows("prices")) == 18


def test_a_parameter_reruns_just_what_names_it(workshop: Workshop) -> None:
    workshop.stage(curation={**CHAIN, "prices": "SELECT id, price FROM raw.orders"})
    workshop.run("curate")
    _, receipt = workshop.run("curate", "run-2", least=2)
    assert fresh(receipt) == {"orders": False, "prices": True, "customers": True}


def test_a_forced_station_makes_every_table_anew(workshop: Workshop) -> None:
    workshop.stage(curation=CHAIN)
    _, first = workshop.run("curate")
    _, receipt = workshop.run("curate", "run-2", force=("curation",))
    assert not any(fresh(receipt).values())
    assert not set(snapshots(first).values()) & set(snapshots(receipt).values())


def test_changed_tests_are_run_on_what_is_fresh(workshop: Workshop) -> None:
    workshop.run("curate")
    tests = {"orders": [{"check": "range", "column": "price", "maximum": 1, "severity": "warning"}]}
    workshop.stage(definition={**LINE, "tests": tests})
    _, receipt = workshop.run("curate", "run-2")
    assert (fresh(receipt), receipt.status) == ({"orders": True}, "flagged")


def test_a_breaking_change_halts_before_anything_is_written(workshop: Workshop) -> None:
    workshop.run("curate")
    workshop.stage(curation={"orders": "SELECT id, placed, customer, returned FROM raw.orders"})
    code, receipt = workshop.run("curate", "run-2")
    assert (code, receipt.status, receipt.message) == (
        0,
        "halted",
        "curation: orders.price schema: expected DOUBLE as published, found no column (dropped)",
    )
    assert len(workshop.rows("orders")) == 20


def test_an_accepted_change_is_published(workshop: Workshop) -> None:
    workshop.run("curate")
    workshop.stage(
        curation={"orders": "SELECT id, placed, customer, returned FROM raw.orders"},
        definition={**LINE, "accepted_changes": {"orders": {"price": "dropped"}}},
    )
    _, receipt = workshop.run("curate", "run-2")
    assert receipt.status == "succeeded"
    assert list(workshop.rows("orders")[0]) == ["id", "placed", "customer", "returned"]


def test_the_published_set_names_the_snapshots_of_the_run(workshop: Workshop) -> None:
    _, receipt = workshop.run("curate")
    s3 = workshop.aws.client("s3")
    assert publication.snapshots(s3, workshop.lake, "shop", "curation") == snapshots(receipt)


def test_rows_kept_aside_are_stored_counted_and_not_published(workshop: Workshop) -> None:
    tests = {
        "orders": [
            {"check": "not_null", "column": "customer", "severity": "error", "quarantine": True},
            {"check": "unique", "columns": ["id"], "severity": "error", "quarantine": True},
        ]
    }
    workshop.stage(definition={**LINE, "tests": tests})
    workshop.deliver(orders() + "99,2024-01-09,,3,true\n2,2024-01-09,zoe,3,true\n")
    code, receipt = workshop.run("curate")
    assert (code, receipt.status, len(workshop.rows("orders"))) == (0, "succeeded", 20)
    kept = workshop.rows("orders_quarantine")
    assert sorted((row["id"], row["quarantine_reason"], row["quarantine_run"]) for row in kept) == [
        (2, "orders unique id", "run-1"),
        (99, "orders not_null customer", "run-1"),
    ]
    assert [result["quarantined_rows"] for result in receipt.inspections] == [1, 1]


def test_a_rerun_keeps_the_same_rows_aside_and_another_run_adds_its_own(workshop: Workshop) -> None:
    tests = {"orders": [{"check": "not_null", "column": "customer", "severity": "error", "quarantine": True}]}
    workshop.stage(definition={**LINE, "tests": tests})
    workshop.deliver(orders() + "99,2024-01-09,,3,true\n")
    workshop.run("curate")
    workshop.run("curate")
    workshop.deliver(orders() + "99,2024-01-09,,3,true\n98,2024-01-09,,3,true\n")
    workshop.run("curate", "run-2")
    assert sorted((row["quarantine_run"], row["id"]) for row in workshop.rows("orders_quarantine")) == [
        ("run-1", 99),
        ("run-2", 98),
        ("run-2", 99),
    ]


def test_an_inspection_leaves_a_report_that_tells_since_when_a_test_fails(workshop: Workshop) -> None:
    workshop.deliver(orders() + "99,2024-01-09,,3,true\n")
    workshop.run("curate")
    workshop.deliver(orders() + "98,2024-01-09,,3,true\n")
    _, receipt = workshop.run("curate", "run-2")
    failed = next(result for result in receipt.inspections if not result["passed"])
    assert failed["since"] == "run-1"
    s3 = workshop.aws.client("s3")
    assert sorted(item["Key"] for item in s3.list_objects_v2(Bucket=workshop.lake, Prefix="reports/")["Contents"]) == [
        "reports/shop/curation/history.json",
        "reports/shop/curation/run-1.html",
        "reports/shop/curation/run-1.json",
        "reports/shop/curation/run-2.html",
        "reports/shop/curation/run-2.json",
    ]


def test_a_run_tells_when_the_newest_data_landed_that_nobody_had_read(workshop: Workshop) -> None:
    landed = workshop.run("curate", "run-1")[1].outputs["landed"]
    (listed,) = workshop.aws.client("s3").list_objects_v2(Bucket=workshop.raw, Prefix="shop/")["Contents"]
    assert dt.datetime.fromisoformat(landed) == listed["LastModified"]

    assert "landed" not in workshop.run("curate", "run-2")[1].outputs
    assert "landed" not in workshop.run("curate", "run-3", force=["curation"])[1].outputs
    time.sleep(1.0)  # S3 tells seconds
    workshop.deliver(orders(11))
    again = workshop.run("curate", "run-4")[1].outputs["landed"]
    assert again > landed
