"""The AWS in memory speaks AWS's words: every call and answer of a teardown fits the API's own description."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import DataNotFoundError
from botocore.model import ListShape, Shape, StructureShape
from botocore.validate import ParamValidator

from config.branches import environment_id
from runtime.teardown.destroy import plan
from runtime.teardown.owned import read
from tests.runtime.teardown.account import Account
from tests.runtime.teardown.attempts import attempt
from tests.runtime.teardown.environments import build
from tests.runtime.teardown.services import Services

REF = "feature/prices"
ID = environment_id(REF)
MOST = 45
"""Operations that are known to be called, at least."""


def heard() -> dict[tuple[str, str], list[tuple[dict[str, Any], dict[str, Any]]]]:
    """Return every different call of teardowns: of an environment that kept its data, and of one that did not."""
    calls: dict[tuple[str, str], list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for kept in (False, True):
        account = Account(broken_functions=kept)
        account.heard = lambda service, operation, given, answer: calls.setdefault((service, operation), []).append(
            (given, answer)
        )
        build(account, ID, ref=REF)
        for one in account.stack(f"AssemblyLine-{ID}-Foundation").resources:
            one["Retain"] = kept and one["Kind"] in ("bucket", "table", "key", "database")
        plan(Services(account), read(Services(account), ID))
        assert attempt(account, ID).left == []
    return calls


def odd(shape: Shape | None, value: Any, where: str = "") -> list[str]:
    """Return what an answer has that the API's does not."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        unknown = [f"{where}.{name}" for name in value.keys() - shape.members.keys() - {"ResponseMetadata"}]
        known = [(name, one) for name, one in value.items() if name in shape.members]
        return unknown + [line for name, one in known for line in odd(shape.members[name], one, f"{where}.{name}")]
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [line for one in value for line in odd(shape.member, one, f"{where}[]")]
    return []


def test_every_call_and_answer_is_one_of_the_api() -> None:
    session, wrong, calls = botocore.session.get_session(), [], heard()
    memory_only = {".StackResourceSummaries[].Kind", ".StackResourceSummaries[].Retain"}
    for (service, operation), given in calls.items():
        model = session.get_service_model(service)
        name = next(each for each in model.operation_names if xform_name(each) == operation)
        shapes = model.operation_model(name)
        assert shapes.input_shape is not None
        for parameters, answer in given:
            report = ParamValidator().validate(parameters, shapes.input_shape)
            wrong += [f"{service}.{operation}: {report.generate_report()}"] if report.has_errors() else []
            wrong += [
                f"{service}.{operation}: {odd_one}" for odd_one in set(odd(shapes.output_shape, answer)) - memory_only
            ]

    assert wrong == []
    assert len(calls) >= MOST, len(calls)


def test_every_listing_that_is_read_in_pages_has_pages() -> None:
    session, paged = botocore.session.get_session(), set()

    class Noting(Services):
        def __call__(self, service: str) -> Any:
            client = super().__call__(service)
            whole = client.get_paginator

            def noted(operation: str) -> Any:
                paged.add((service, operation))
                return whole(operation)

            client.__dict__["get_paginator"] = noted
            return client

    account = Account()
    build(account, ID, ref=REF)
    plan(Noting(account), read(Noting(account), ID))

    assert len(paged) > 15
    assert [one for one in sorted(paged) if not pages(session, *one)] == []


def pages(session: Any, service: str, operation: str) -> bool:
    try:
        known = session.get_paginator_model(service)._paginator_config
    except DataNotFoundError:
        return False
    return operation in {xform_name(name) for name in known}
