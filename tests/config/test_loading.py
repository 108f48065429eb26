from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.errors import LineError, messages_of
from config.loading import ROOT, environment_names, line_names, load_bundle, load_environment

Change = Callable[[str, str, str], None]
LINE = "lines/shop/line.yaml"
LOCAL = "config/environments/local.yaml"


def told(root: Path, name: str = "shop") -> list[str]:
    with pytest.raises(LineError) as caught:
        load_bundle(name, root)
    return list(messages_of(caught.value))


def told_of_environment(root: Path, name: str = "local") -> list[str]:
    with pytest.raises(LineError) as caught:
        load_environment(name, root)
    return list(messages_of(caught.value))


def test_a_complete_line_is_read_with_its_statements(root: Path) -> None:
    bundle = load_bundle("shop", root)
    assert (bundle.definition.line, set(bundle.curation), set(bundle.features)) == (
        "shop",
        {"orders", "customers"},
        {"customer_history"},
    )


def test_two_readings_of_one_line_have_one_fingerprint(root: Path) -> None:
    assert load_bundle("shop", root).fingerprint == load_bundle("shop", root).fingerprint


def test_a_changed_statement_changes_the_fingerprint(root: Path, change: Change) -> None:
    before = load_bundle("shop", root).fingerprint
    change("lines/shop/spine.sql", "FROM orders", "FROM orders WHERE price > 1")
    assert load_bundle("shop", root).fingerprint != before


@pytest.mark.parametrize("name", line_names(ROOT))
def test_every_line_of_the_repository_holds_together(name: str) -> None:
    assert load_bundle(name).definition.line == name


@pytest.mark.parametrize("name", environment_names(ROOT))
def test_every_environment_of_the_repository_is_valid(name: str) -> None:
    assert load_environment(name).name == name


def test_an_unknown_line_is_told_with_the_known_ones(root: Path) -> None:
    assert told(root, "shpo") == [
        "line 'shpo' is unknown, expected one of shop: correct the name or make it with `line new shpo`"
    ]


@pytest.mark.parametrize("name", ["../shop", "", "shop/", "SHOP"])
def test_a_name_that_is_not_a_folder_of_lines_is_unknown(root: Path, name: str) -> None:
    assert told(root, name)[0].startswith(f"line {name!r} is unknown, expected one of shop")


def test_broken_yaml_is_told_with_its_place(root: Path) -> None:
    (root / LINE).write_text("line: shop\nquestion: [unclosed\n")
    assert told(root)[0] == (
        "lines/shop/line.yaml:3:1: broken YAML: expected ',' or ']', but got '<stream end>': correct it"
    )


def test_a_key_given_twice_is_an_error_though_yaml_would_take_the_last(root: Path, change: Change) -> None:
    change(LINE, "training:\n", "training:\n  metric: brier\n")
    assert told(root)[0].endswith(": broken YAML: the key 'metric' is given twice: correct it")


def test_a_key_is_a_name_although_yaml_would_take_it_for_a_truth_value(root: Path, change: Change) -> None:
    change(LINE, "training:", "retraining: {on: [data]}\ntraining:")
    assert load_bundle("shop", root).definition.retraining.on == ["data"]


def test_an_empty_definition_is_told_as_empty(root: Path) -> None:
    (root / LINE).write_text("# nothing yet\n")
    assert told(root)[0] == "lines/shop/line.yaml: is empty, expected a mapping of keys: fill it in"


def test_a_definition_that_is_a_list_is_told_as_one(root: Path) -> None:
    (root / LINE).write_text("- line: shop\n")
    assert told(root)[0] == "lines/shop/line.yaml: holds a list, expected a mapping of keys: fill it in"


def test_a_definition_that_is_not_text_is_told_with_the_byte(root: Path) -> None:
    (root / LINE).write_bytes(b"line: caf\xe9\n")
    assert told(root)[0] == "lines/shop/line.yaml: byte 9 is not UTF-8 text: save the file as UTF-8"


def test_a_date_that_the_calendar_lacks_is_told_with_its_place(root: Path) -> None:
    (root / LINE).write_text("line: 2026-13-01\n")
    assert told(root)[0] == (
        "lines/shop/line.yaml:1:7: broken YAML: '2026-13-01' is not a date (month must be in 1..12): correct it"
    )


def test_yaml_tags_that_build_objects_are_refused(root: Path) -> None:
    (root / LINE).write_text("line: !!python/object/apply:os.getcwd []\n")
    assert "broken YAML: could not determine a constructor for the tag" in told(root)[0]


def test_several_mistakes_are_counted_behind_the_first(root: Path, change: Change) -> None:
    change(LINE, "metric: roc_auc", "metric: accuracy")
    change(LINE, "hours: 168", "hours: 0")
    with pytest.raises(LineError) as caught:
        load_bundle("shop", root)
    assert str(caught.value) == (
        "lines/shop/line.yaml: training.metric: 'accuracy' is not allowed, "
        "expected roc_auc, average_precision, log_loss, brier, mae, rmse, median_ae or r2 "
        "(and 1 more: `line validate` lists them)"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "severity: error, minimum: 1000",
            "severity: eror, minimum: 1000",
            "tests.orders[0].severity: 'eror' is not allowed, expected error, warning or info",
        ),
        (
            "check: row_count",
            "check: rows",
            "tests.orders[0].check: 'rows' is not a check, "
            "expected one of not_null, unique, key, accepted_values, range, pattern, length, references, complete, "
            "sql, row_count, row_count_change, freshness, mean, quantile, share",
        ),
        ("check: row_count, ", "", "tests.orders[0].check: missing, expected the kind of test: add it"),
        (
            "minimum: 1000",
            "minimun: 1000",
            "tests.orders[0].minimun: unknown key, expected one of severity, why, check, minimum, maximum: "
            "correct or remove it",
        ),
        (
            "column: customer}",
            "column: customer, colum: x}",
            "tests.orders[2].colum: unknown key, expected one of severity, why, tolerance, quarantine, check, column: "
            "correct or remove it",
        ),
        (
            "values: [books, clothes, shoes, tools]",
            "values: [[books]]",
            "tests.orders[4].values[0]: ['books'] is not allowed, "
            "expected one of text, a whole number, a number, true or false",
        ),
        ("minimum: 0, maximum: 500, ", "", "tests.orders[3]: a range needs a minimum or a maximum"),
        ("question: Will", "questoin: Will", "question: missing: add it"),
        (
            "name: boosting",
            "name: Boosting",
            "training.variants[0].name: 'Boosting' is not allowed: "
            "string should match pattern '^[a-z][a-z0-9_]{0,39}$'",
        ),
        (
            "{type: integer, default: 60}",
            "{type: integer, default: many}",
            "parameters.rounds: 'many' is not an integer",
        ),
        (
            "{type: integer, default: 60}",
            "{type: int, default: 60}",
            "parameters.rounds.type: 'int' is not allowed, expected integer, number, date, string or boolean",
        ),
        (
            "default: 2026-02-01",
            "default: January",
            "parameters.train_from: 'January' is not a date",
        ),
        (
            "train: [train_from, validation_from]",
            "train: [train_from, rounds]",
            "dataset.split.train[1]: 'rounds' is not a date parameter, "
            "expected one of score_date, test_from, train_from, validation_from",
        ),
        (
            "train: [train_from, validation_from]",
            "train: [train_from]",
            "dataset.split.train[1]: missing: add it",
        ),
        (
            "features: [customer_history]",
            "features: [history]",
            "dataset.features[0]: 'history' is not a feature view, expected one of customer_history",
        ),
        (
            "name: price_only",
            "name: boosting",
            "training: the variant name 'boosting' is used twice, expected distinct names",
        ),
        (
            "  id: id\n",
            "  task: multiclass\n  id: id\n",
            "dataset.task: 'multiclass' is not allowed, expected binary or regression",
        ),
        (
            "training:\n  metric: roc_auc",
            "training:\n  metric: mae",
            "training.metric: 'mae' is not a metric of the task binary, "
            "expected one of roc_auc, average_precision, log_loss, brier",
        ),
        (
            "- {metric: roc_auc, minimum: 0.6, severity: error}",
            "- {metric: brier, maximum: 0.2, severity: error}\n    - {metric: r2, minimum: 0.6, severity: error}",
            "release.gates[1].metric: 'r2' is not a metric of the task binary, "
            "expected one of roc_auc, average_precision, log_loss, brier",
        ),
        (
            "- {metric: roc_auc, minimum: 0.6, severity: error}",
            "- {kind: slise, slice: category, metric: roc_auc, minimum: 0.6}",
            "release.gates[0].kind: 'slise' is not a kind, "
            "expected one of metric, slice, baseline, latency, size, leak, constant",
        ),
        (
            "- {metric: roc_auc, minimum: 0.6, severity: error}",
            "- {kind: slice, slice: categroy, metric: roc_auc, minimum: 0.6}",
            "release.gates[0].slice: 'categroy' is not a column of the dataset, "
            "expected one of category, price, hour, customer_history__<column>",
        ),
        (
            "- {metric: roc_auc, minimum: 0.6, severity: error}",
            "- {kind: slice, slice: category, metric: roc_auc}",
            "release.gates[0]: judges nothing, expected minimum, maximum or worse_by: add one",
        ),
        (
            "- {metric: roc_auc, minimum: 0.6, severity: error}",
            "- {kind: baseline, baseline: price, metric: roc_auc}",
            "release.gates[0].baseline: 'price' is not a baseline, expected one of price_only",
        ),
        (
            "- {metric: roc_auc, minimum: 0.6, severity: error}",
            "- {kind: latency, maximum: 20}",
            "release.gates[0].maximum: unknown key, expected one of kind, maximum_ms, severity: correct or remove it",
        ),
        (
            "- {metric: roc_auc, minimum: 0.6, severity: error}",
            "- {kind: leak, metric: brier}",
            "release.gates[0]: suspicious: missing, expected the value from which the metric is suspicious: add it",
        ),
        (
            "- {metric: roc_auc, minimum: 0.6, severity: error}",
            "- {metric: roc_auc, minimum: .nan, severity: error}",
            "release.gates[0].minimum: nan is not allowed: input should be a finite number",
        ),
        (
            "release:\n  gates:\n",
            "personal: [price]\nrelease:\n  gates:\n    - {kind: slice, slice: price, metric: brier, maximum: 1}\n",
            "release.gates[0].slice: 'price' is personal, so that its values are shown nowhere: choose another",
        ),
        (
            "release:\n",
            "release:\n  by: month\n",
            "release.by: 'month' is not allowed, expected row, day or week",
        ),
        (
            "performance: {metric: roc_auc",
            "performance: {metric: bias",
            "monitoring.performance.metric: 'bias' is not a metric of the task binary, "
            "expected one of roc_auc, brier, log_loss, ece",
        ),
        (
            "delivery:\n",
            "schedule: daily\ndelivery:\n",
            "schedule: 'daily' is not a schedule, expected rate(...) or cron(...)",
        ),
        (
            "\nmonitoring:\n",
            "\nmonitoring:\n  window: {hours: 6}\n",
            "monitoring.window.hours: 6 is less than the 168 hours that a run scores, and what a run scored is judged "
            "as one, expected at least 24: raise it, or give a count instead",
        ),
        (
            "line: shop\n",
            "line: foundation\n",
            "line: 'foundation' is what another stack of an environment is called: choose another name",
        ),
        (
            "line: shop\n",
            "line: store\n",
            "line: 'store' is not the folder's name, expected 'shop': rename one of them",
        ),
        (
            "  customers:\n    - {check",
            "  clients:\n    - {check",
            "tests.clients: there is no such table, expected one of customer_history, customers, orders, predictions: "
            "correct the name or add its .sql file",
        ),
        (
            "\nfeatures:",
            "\naccepted_changes: {order: {price: VARCHAR}}\nfeatures:",
            "accepted_changes.order: there is no such table, expected one of customer_history, customers, orders, "
            "predictions: correct the name or add its .sql file",
        ),
    ],
)
def test_a_mistake_in_a_line_names_key_value_and_what_is_allowed(
    root: Path, change: Change, old: str, new: str, message: str
) -> None:
    change(LINE, old, new)
    assert f"{LINE}: {message}" in told(root)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("spine.sql", "lines/shop/spine.sql is missing, expected the SELECT whose rows are the examples: add it"),
        ("train.py", "lines/shop/train.py is missing, expected a function train(dataset, parameters): add it"),
        (
            "features/customer_history.sql",
            "lines/shop/features/customer_history.sql is missing, "
            "expected the SELECT of feature view 'customer_history': add it",
        ),
    ],
)
def test_a_file_that_a_line_needs_is_told_when_missing(root: Path, file: str, message: str) -> None:
    (root / "lines" / "shop" / file).unlink()
    assert told(root) == [message]


def test_a_line_without_curation_is_told(root: Path) -> None:
    for path in (root / "lines" / "shop" / "curation").iterdir():
        path.unlink()
    assert told(root)[0] == "lines/shop/curation holds no .sql file, expected one SELECT per curated table: add one"


def test_a_feature_file_that_is_not_declared_is_told(root: Path) -> None:
    (root / "lines" / "shop" / "features" / "stray.sql").write_text("SELECT 1")
    assert told(root) == [
        "lines/shop/features/stray.sql is not declared: add 'stray' under features in line.yaml or remove the file"
    ]


def test_one_reading_finds_mistakes_of_the_definition_and_of_the_folder(root: Path, change: Change) -> None:
    change(LINE, "hours: 168", "hours: 0")
    (root / "lines" / "shop" / "train.py").unlink()
    assert [message.partition(":")[0] for message in told(root)] == [
        "lines/shop/line.yaml",
        "lines/shop/train.py is missing, expected a function train(dataset, parameters)",
    ]


def test_an_unknown_environment_is_told_with_the_known_ones(root: Path) -> None:
    assert told_of_environment(root, "stage") == [
        "environment 'stage' is unknown, expected one of local: correct the name or add config/environments/stage.yaml"
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: local", "name: dev", "name: 'dev' is not 'local': give the file's own name"),
        ('"123456789012"', "123456789012", "account: 123456789012 is not allowed: input should be a valid string"),
        ('"123456789012"', '"1234"', r"account: '1234' is not allowed: string should match pattern '^\d{12}$'"),
        ("region: us-east-1\n", "", "region: missing: add it"),
        (
            "log_retention_days: 7",
            "log_retention_days: 8",
            "log_retention_days: 8 is not allowed, expected 7, 14, 30, 90, 180 or 365",
        ),
        (
            "retain_data: false",
            "retain_data: maybe",
            "retain_data: 'maybe' is not allowed: input should be a valid boolean, unable to interpret input",
        ),
        (
            "retain_data: false",
            "retain_data: false\nrunbooks: docs/runbooks",
            r"runbooks: 'docs/runbooks' is not allowed: string should match pattern '^https://[^\s?#]+$'",
        ),
        (
            "retain_data: false",
            "retain_data: false\njobs: {cpu: 2}",
            "jobs.cpu: unknown key, expected one of vcpu, memory_mb: correct or remove it",
        ),
        (
            "retain_data: false",
            "retain_data: false\nparameters: {shop: {rounds: [1]}}",
            "parameters.shop.rounds: [1] is not allowed, expected one of a whole number, a number, text, true or false",
        ),
        (
            "retain_data: false",
            "retain_data: false\n7: seven",
            "[7]: 7 is not allowed: keys should be strings",
        ),
    ],
)
def test_a_mistake_in_an_environment_names_key_value_and_what_is_allowed(
    root: Path, change: Change, old: str, new: str, message: str
) -> None:
    change(LOCAL, old, new)
    assert told_of_environment(root) == [f"{LOCAL}: {message}"]
