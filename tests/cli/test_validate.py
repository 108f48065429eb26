from __future__ import annotations

from pathlib import Path

import pytest

from cli.new import make_line
from cli.validate import account_mistakes, environment_mistakes, line_mistakes, validate_lines


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_new_line_has_no_mistakes(root: Path) -> None:
    assert line_mistakes("shop", root) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "curation/orders.sql",
            "FROM raw.orders",
            "FORM raw.orders",
            'lines/shop/curation/orders.sql:9: Parser Error: syntax error at or near "raw": correct the SELECT',
        ),
        (
            "features/customer_history.sql",
            "AVG(returned)",
            "AVG(retuned)",
            "lines/shop/features/customer_history.sql:5: Binder Error: "
            'Referenced column "retuned" not found in FROM clause '
            '(Candidate bindings: "returned", "ordered_at", "price"): correct the SELECT',
        ),
        (
            "spine.sql",
            "FROM orders",
            "FROM orders WHERE price > $least",
            "lines/shop/spine.sql: $least is not a declared parameter, expected one of learning_rate, rounds, "
            "score_date, test_from, train_from, validation_from: "
            "correct the name or declare it under parameters in line.yaml",
        ),
        (
            "spine.sql",
            "FROM orders",
            "FROM orders; DROP TABLE orders",
            "lines/shop/spine.sql: holds SELECT, DROP, expected one SELECT: remove the rest",
        ),
        (
            "line.yaml",
            "columns: [customer]}",
            "columns: [custmer]}",
            "lines/shop/line.yaml: tests.customers[0].columns: 'custmer' is not a column of customers, "
            "expected one of customer, city, joined_on (closest: 'customer'): correct the name",
        ),
        (
            "line.yaml",
            "label: label",
            "label: returned",
            "lines/shop/line.yaml: dataset.label: spine has no column 'returned', "
            "expected one of id, event_time, customer, category, price, hour, label",
        ),
        (
            "line.yaml",
            "price: DOUBLE",
            "price: DUBLE",
            "lines/shop/line.yaml: sources.orders.columns: Catalog Error: Type with name DUBLE does not exist!: "
            "correct the type",
        ),
        (
            "train.py",
            "def train(",
            "def fit(",
            "lines/shop/train.py: has no function 'train': add it",
        ),
        ("sample.py", "def raw(", "dfe raw(", "lines/shop/sample.py:33: invalid syntax: correct it"),
    ],
)
def test_a_mistake_is_found_without_running_anything(root: Path, file: str, old: str, new: str, message: str) -> None:
    rewrite(root / "lines" / "shop" / file, old, new)
    assert message in line_mistakes("shop", root)


def test_tables_that_read_each_other_are_a_mistake(root: Path) -> None:
    (root / "lines" / "shop" / "curation" / "orders.sql").write_text("SELECT * FROM customers")
    (root / "lines" / "shop" / "curation" / "customers.sql").write_text("SELECT * FROM orders")
    assert "circle" in line_mistakes("shop", root)[0]


def test_a_parameter_that_an_environment_gives_must_be_the_lines(root: Path) -> None:
    path = root / "config" / "environments" / "local.yaml"
    path.write_text(path.read_text() + "parameters: {shop: {rounds: many}}\n")
    assert line_mistakes("shop", root) == [
        "config/environments/local.yaml: parameters.shop: "
        "parameter 'rounds': 'many' is not an integer: correct its value"
    ]


NOT_PORTABLE = (
    "lines/shop/curation/orders.sql:8: RANDOM is not portable to the engine spark: it differs from run to run: "
    "derive the value from a column, for example with MD5"
)


def test_sql_that_is_not_portable_is_a_mistake_of_a_line_on_spark(root: Path) -> None:
    rewrite(root / "lines" / "shop" / "curation" / "orders.sql", "returned\n", "returned, random() AS luck\n")
    assert line_mistakes("shop", root) == []
    rewrite(root / "lines" / "shop" / "line.yaml", "line: shop\n", "line: shop\nengine: spark\n")
    assert line_mistakes("shop", root) == [NOT_PORTABLE]


def test_sql_that_is_not_portable_is_a_mistake_where_an_environment_puts_the_line_on_spark(root: Path) -> None:
    rewrite(root / "lines" / "shop" / "curation" / "orders.sql", "returned\n", "returned, random() AS luck\n")
    path = root / "config" / "environments" / "local.yaml"
    path.write_text(path.read_text() + "engines: {shop: spark}\n")
    assert line_mistakes("shop", root) == [NOT_PORTABLE]


def test_a_broken_environment_is_a_mistake(root: Path) -> None:
    rewrite(root / "config" / "environments" / "local.yaml", "retain_data: false", "retain: false")
    assert len(environment_mistakes("local", root)) == 2


def test_every_mistake_is_told_and_the_status_is_1(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(root / "lines" / "shop" / "line.yaml", "hours: 168", "hours: 0")
    rewrite(root / "lines" / "shop" / "train.py", "def train(", "def fit(")
    assert validate_lines(None, root) == 1
    assert capsys.readouterr().err == (
        "error: lines/shop/line.yaml: scoring.hours: 0 is not allowed: input should be greater than or equal to 1\n"
        "error: lines/shop/train.py: has no function 'train': add it\n"
    )


def test_a_sound_repository_has_status_0(root: Path) -> None:
    assert validate_lines(None, root) == 0


DATABASE = """  customers:
    kind: database
    connection: shop_db
    columns:"""


def test_a_connection_that_an_environment_lacks_is_a_mistake(root: Path) -> None:
    rewrite(root / "lines" / "shop" / "line.yaml", "  customers:\n    columns:", DATABASE)
    assert line_mistakes("shop", root) == [
        "lines/shop/line.yaml: sources.customers.connection: 'shop_db' is not a connection of environment 'local', "
        "expected one of none: correct the name or add it under connections in config/environments/local.yaml"
    ]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", None),
        (
            "query: SELECT customer FROM c WHERE joined_on > $since",
            "query: $since is not a declared parameter, expected one of learning_rate, rounds, score_date, test_from, "
            "train_from, validation_from: correct the name or declare it under parameters in line.yaml",
        ),
        (
            "version: UPDATE c SET n = 1",
            "version: holds UPDATE, expected one SELECT that writes nothing: remove the rest",
        ),
    ],
)
def test_a_query_for_a_database_is_looked_at(root: Path, more: str, message: str | None) -> None:
    rewrite(
        root / "lines" / "shop" / "line.yaml", "  customers:\n    columns:", f"{DATABASE[:-12]}    {more}\n    columns:"
    )
    environment = root / "config" / "environments" / "local.yaml"
    environment.write_text(environment.read_text() + "connections: {shop_db: {engine: postgresql, embedded: true}}\n")
    found = line_mistakes("shop", root)
    assert found == ([f"lines/shop/line.yaml: sources.customers.{message}"] if message else [])


def test_an_unknown_kind_of_source_is_a_mistake(root: Path) -> None:
    rewrite(
        root / "lines" / "shop" / "line.yaml", "  customers:\n    columns:", "  customers:\n    kind: ftp\n    columns:"
    )
    assert line_mistakes("shop", root) == [
        "lines/shop/line.yaml: sources.customers.kind: 'ftp' is not a kind, expected one of s3, database, line"
    ]


@pytest.mark.parametrize(
    ("line", "table", "message"),
    [
        ("store", "orders", None),
        ("stores", "orders", "line: 'stores' is not another line, expected one of store: correct the name"),
        ("shop", "orders", "line: 'shop' is not another line, expected one of store: correct the name"),
        (
            "store",
            "order",
            "table: line 'store' has no table 'order', expected one of customer_history, customers, orders, "
            "predictions: correct the name",
        ),
    ],
)
def test_a_source_that_is_another_lines_table_must_be_there(
    root: Path, line: str, table: str, message: str | None
) -> None:
    make_line("store", root)
    source = f"  customers:\n    kind: line\n    line: {line}\n    table: {table}\n    columns:"
    rewrite(root / "lines" / "shop" / "line.yaml", "  customers:\n    columns:", source)
    assert line_mistakes("shop", root) == ([f"lines/shop/line.yaml: sources.customers.{message}"] if message else [])


def test_partition_columns_are_columns_of_the_rehearsed_source(root: Path) -> None:
    source = "  customers:\n    partitions: {city: VARCHAR}\n    columns:"
    rewrite(root / "lines" / "shop" / "line.yaml", "  customers:\n    columns:", source)
    rewrite(root / "lines" / "shop" / "line.yaml", "      city: VARCHAR\n", "")
    assert line_mistakes("shop", root) == []


def test_what_accounts_share_is_looked_at(root: Path) -> None:
    (root / "config" / "account.yaml").write_text("repository: acme/*\npipelin: {}\n")
    keeping = (
        (root / "config" / "environments" / "local.yaml").read_text().replace("retain_data: false", "retain_data: true")
    )
    (root / "config" / "environments" / "kept.yaml").write_text(keeping.replace("name: local", "name: kept"))
    branch = keeping.replace("name: local", "name: branch").replace("retain_data: true", "retain_data: false")
    (root / "config" / "environments" / "branch.yaml").write_text(f"{branch}branch: {{}}\n")
    unknown, bad, shared = account_mistakes(root)
    assert "pipelin" in unknown + bad
    assert "repository" in unknown + bad
    assert shared.startswith("account 123456789012 would hold branch environments beside kept, whose data is kept")
