from hypothesis import given
from hypothesis import strategies as st

from runtime import freshness
from runtime.freshness import Known, fingerprint, judge
from tests.moto_server import Aws

components = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("123"))


@given(components, components)
def test_a_station_is_fresh_when_nothing_differs_and_only_then(now: dict[str, str], then: dict[str, str]) -> None:
    assert judge(now, Known("run-1", then)).fresh == (now == then)


@given(components)
def test_neither_the_first_nor_a_forced_run_nor_one_on_unknown_inputs_is_fresh(now: dict[str, str]) -> None:
    known = Known("run-1", now)
    assert [
        judge(now, None).why,
        judge(now, known, forced=True).why,
        judge(now, known, unknown="source fleet").why,
    ] == ["it has no good run yet", "it is forced", "only reading it tells whether source fleet changed"]


def test_what_changed_is_named_the_first_few_of_it() -> None:
    known = Known("run-1", {"a.sql": "1", "b.sql": "1", "c.sql": "1", "d.sql": "1"})
    verdict = judge({"a.sql": "2", "b.sql": "2", "e.sql": "1"}, known)
    assert verdict.why == "a.sql changed, b.sql changed, e.sql is new and 2 more"


@given(st.dictionaries(st.text(), st.integers()), st.dictionaries(st.text(), st.text()), st.text(), st.text())
def test_a_fingerprint_does_not_depend_on_the_order_of_what_it_is_made_of(
    parameters: dict[str, int], inputs: dict[str, str], statement: str, code: str
) -> None:
    first = fingerprint(statement=statement, parameters=parameters, inputs=inputs, code=code)
    parameters, inputs = dict(reversed(parameters.items())), dict(reversed(inputs.items()))
    assert first == fingerprint(statement=statement, parameters=parameters, inputs=inputs, code=code)
    assert first != fingerprint(statement=statement + " ", parameters=parameters, inputs=inputs, code=code)


def test_the_ledger_keeps_the_last_good_run_of_each_station(aws: Aws) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.table("pk", "sk")
    freshness.remember(dynamodb, table, "shop", "curation", Known("run-1", {"a.sql": "1"}))
    freshness.remember(dynamodb, table, "shop", "curation", Known("run-2", {"a.sql": "2"}))
    assert freshness.known(dynamodb, table, "shop", "curation") == Known("run-2", {"a.sql": "2"})
    assert freshness.known(dynamodb, table, "shop", "features") is None
    freshness.forget(dynamodb, table, "shop", "curation")
    assert freshness.known(dynamodb, table, "shop", "curation") is None
