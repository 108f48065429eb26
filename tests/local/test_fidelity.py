"""The fidelity table is whole."""

from __future__ import annotations

from local.fidelity import markdown, rows
from local.resources.catalogue import KINDS


def test_no_feature_is_told_twice() -> None:
    features = [(row.service, row.feature) for row in rows()]
    assert len(features) == len(set(features))


def test_the_table_has_a_line_per_row() -> None:
    table = markdown().split("\n\n", 1)[0]
    assert len(table.splitlines()) == 2 + len(rows())


def test_modules_of_resources_declare_theirs_too() -> None:
    assert "S3" in {row.service for row in rows()}


def test_every_type_that_can_be_made_is_listed() -> None:
    assert "- AWS::SQS: Queue, QueuePolicy" in markdown()
    assert all(type_.rsplit("::", 1)[-1] in markdown() for type_ in KINDS)
