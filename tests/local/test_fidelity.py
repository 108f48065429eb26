"""The fidelity table is whole."""

from __future__ import annotations

from local.fidelity import markdown, rows
from local.resources.catalogue import KINDS


def test_no_feature_is_told_twice() -> None:
    features = [(row.service, row.feature) for row in rows()]
    assert len(features) == len(set(features))


def test_the_table_has_a_line_per_row() -> None:
    assert len(markdown().splitlines()) == 2 + len(rows())


def test_every_type_that_can_be_made_is_of_aws() -> None:
    assert all(type_.startswith("AWS::") for type_ in KINDS)
