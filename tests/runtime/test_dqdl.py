from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from config.checks import Check
from config.errors import LineError
from config.loading import load_bundle
from config.parameters import resolve
from runtime import dqdl
from runtime.given import Given
from tests.runtime import dqdl_grammar

CHECK: TypeAdapter[Check] = TypeAdapter(Check)
GIVEN = Given(parameters={"score_date": dt.date(2026, 5, 1), "late": 30})


def rules(**settings: Any) -> str:
    test = CHECK.validate_python(
        settings if isinstance(settings.get("tolerance"), dict) else {"severity": "error", **settings}
    )
    text = dqdl.ruleset([test], subject="tests", given=GIVEN)
    dqdl_grammar.parse(text)
    return text


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"check": "not_null", "column": "a"}, 'IsComplete "a"'),
        ({"check": "not_null", "column": "a", "tolerance": 0.05}, 'Completeness "a" >= 0.95'),
        ({"check": "unique", "columns": ["a"]}, 'IsUnique "a"'),
        (
            {"check": "unique", "columns": ["a", "b"]},
            'CustomSql "select (count(case when a is not null and b is not null then 1 end) - count(distinct a, b))'
            ' / greatest(count(*), 1) from primary" <= 0',
        ),
        ({"check": "key", "columns": ["a", "b"]}, 'IsPrimaryKey "a" "b"'),
        (
            {"check": "accepted_values", "column": "a", "values": ["x", 'say "no"']},
            r'ColumnValues "a" in ["x", "say \"no\""] where "a is not null"',
        ),
        (
            {"check": "accepted_values", "column": "a", "values": ["it's"], "tolerance": 0.1},
            r'CustomSql "select avg(case when a not in ('
            + r"'it\\'s'"
            + r') then 1.0 else 0.0 end) from primary" <= 0.1',
        ),
        (
            {"check": "range", "column": "a", "minimum": -1, "maximum": 1.5},
            '(ColumnValues "a" >= -1 where "a is not null") and (ColumnValues "a" <= 1.5 where "a is not null")',
        ),
        (
            {"check": "range", "column": "a", "minimum": "2026-01-31", "maximum": "now"},
            '(ColumnValues "a" >= "2026-01-31" where "a is not null") and '
            '(ColumnValues "a" <= now() where "a is not null")',
        ),
        (
            {"check": "range", "column": "a", "maximum": "2026-01-31T12:00Z"},
            "CustomSql \"select count(*) from primary where (a > timestamp '2026-01-31T12:00:00+00:00')\" = 0",
        ),
        (
            {"check": "pattern", "column": "a b", "pattern": r"\d+"},
            r'ColumnValues "a b" matches "^(?:\\d+)$" where "`a b` is not null"',
        ),
        ({"check": "length", "column": "a", "maximum": 5}, 'ColumnLength "a" <= 5 where "a is not null"'),
        (
            {"check": "references", "columns": ["a"], "table": "t", "to": ["b"]},
            'ReferentialIntegrity "a" "t.b" = 1',
        ),
        (
            {"check": "references", "columns": ["a", "b"], "table": "t", "tolerance": 0.1},
            'ReferentialIntegrity "a,b" "t.{a,b}" >= 0.9',
        ),
        ({"check": "row_count", "minimum": 5, "maximum": 9}, "(RowCount >= 5) and (RowCount <= 9)"),
        (
            {"check": "row_count_change", "maximum": 0.5},
            "(RowCount >= avg(last(7)) * 0.5) and (RowCount <= avg(last(7)) * 1.5)",
        ),
        ({"check": "mean", "column": "a", "minimum": 0.25}, 'Mean "a" >= 0.25'),
        (
            {"check": "quantile", "column": "a", "quantile": 0.9, "maximum": 7},
            'CustomSql "select percentile_disc(0.9) within group (order by a) from primary" <= 7',
        ),
        (
            {"check": "share", "name": "late", "condition": "delay > $late", "maximum": 0.5},
            'CustomSql "select avg(case when (delay > 30) then 1.0 else 0.0 end) from primary" <= 0.5',
        ),
        (
            {"check": "sql", "name": "x", "condition": "a::DATE < $score_date -- not later"},
            'CustomSql "select count(*) from primary where not coalesce((CAST(a AS DATE) < '
            "CAST('2026-05-01' AS DATE)), false)\" = 0",
        ),
        (
            {"check": "freshness", "column": "a", "hours": 24},
            'CustomSql "select (unix_timestamp(current_timestamp()) - unix_timestamp(max(cast(a as timestamp)))) '
            '/ 3600 from primary where cast(a as timestamp) <= current_timestamp()" <= 24',
        ),
        (
            {"check": "complete", "column": "a", "every": "day"},
            'CustomSql "select coalesce(sum(span - present) / sum(span), 0) from (select count(*) as present, '
            "(unix_timestamp(max(slot)) - unix_timestamp(min(slot))) / 86400 + 1 as span from (select distinct "
            "date_trunc('day', a) as slot from primary where a is not null))\" <= 0",
        ),
    ],
)
def test_each_kind_of_test_has_its_rule(settings: dict[str, Any], rule: str) -> None:
    assert rules(**settings).splitlines()[2].strip() == rule


def test_each_severity_is_a_rule_with_a_comment() -> None:
    assert rules(check="not_null", column="a", tolerance={"warning": 0.01, "error": 0.05}, why="it\nhurts") == (
        "Rules = [\n"
        "    # error: not_null a: it hurts\n"
        '    Completeness "a" >= 0.95,\n'
        "    # warning: not_null a: it hurts\n"
        '    Completeness "a" >= 0.99\n'
        "]\n"
    )


def test_a_condition_without_a_form_in_spark_is_named() -> None:
    with pytest.raises(LineError) as error:
        rules(check="sql", name="x", condition="a >")
    assert str(error.value) == ("tests[0].condition: has no form in Spark's SQL: write it in portable SQL")


def test_the_rules_of_a_whole_line_are_grammatical() -> None:
    definition = load_bundle("flights").definition
    given = Given(parameters=resolve(definition.parameters, {}))
    for table, checks in definition.tests.items():
        found = dqdl_grammar.parse(dqdl.ruleset(checks, subject=table, given=given))
        assert len(found) >= len(checks)


@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_no_text_escapes_its_quotes(value: str, column: str) -> None:
    text = rules(check="accepted_values", column=column, values=[value], why=value)
    assert dqdl_grammar.parse(text) == ["ColumnValues"]


@pytest.mark.parametrize(
    "text",
    [
        "Rules = []",
        "Rules = [ IsComplete ]",
        'Rules = [ Nothing "a" ]',
        'Rules = [ IsComplete "a" ',
        "Rules = [ RowCount > x ]",
    ],
)
def test_the_grammar_refuses_what_is_no_ruleset(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        dqdl_grammar.parse(text)
