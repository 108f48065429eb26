from typing import Any

import pytest

from config.errors import LineError
from runtime import curation, engine


def curate(parameters: dict[str, object] | None = None, **statements: str) -> dict[str, list[dict[str, Any]]]:
    """Curate a line with one source, ``raw.goods``; return each table in the order of its making."""
    with engine.connect(threads=1) as connection:
        connection.execute("CREATE SCHEMA raw")
        connection.execute("CREATE TABLE raw.goods AS SELECT 1 AS id, 2.5 AS price")
        names = curation.curate(
            connection, line="shop", statements=statements, sources={"goods"}, parameters=parameters or {}
        )
        return {name: engine.arrow(connection, name).to_pylist() for name in names}


def test_tables_are_made_after_those_that_they_read() -> None:
    tables = curate(a="SELECT id FROM b JOIN c USING (id)", b="SELECT id FROM c", c="SELECT id FROM raw.goods")
    assert list(tables) == ["c", "b", "a"]


def test_a_table_may_have_its_sources_name() -> None:
    assert curate(goods="SELECT id FROM raw.goods") == {"goods": [{"id": 1}]}


def test_parameters_reach_sql() -> None:
    assert curate({"add": 3}, goods="SELECT id + $add AS id FROM raw.goods") == {"goods": [{"id": 4}]}


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (
            {"a": "SELECT * FROM good"},
            "lines/shop/curation/a.sql: there is no table 'good', expected one of a, raw.goods (closest: 'raw.goods'): "
            "correct the name",
        ),
        (
            {"a": "SELECT * FROM goods"},
            "lines/shop/curation/a.sql: there is no table 'goods', expected one of a, raw.goods "
            "(closest: 'raw.goods'): correct the name",
        ),
        (
            {"goods": "SELECT * FROM goods"},
            "lines/shop/curation/goods.sql: goods reads itself: read its source as raw.<source>",
        ),
        (
            {"a": "SELECT * FROM b", "b": "SELECT * FROM c", "c": "SELECT * FROM a"},
            "lines/shop/curation/a.sql: reads itself in a circle (a → b → c → a): "
            "move what they share into a table of its own",
        ),
        (
            {"a": "SELECT idd FROM raw.goods"},
            'lines/shop/curation/a.sql:1: Binder Error: Referenced column "idd" not found in FROM clause '
            '(Candidate bindings: "id"): correct the SELECT',
        ),
    ],
)
def test_a_mistake_names_its_file(statements: dict[str, str], message: str) -> None:
    with pytest.raises(LineError) as error:
        curate({}, **statements)
    assert str(error.value) == message
