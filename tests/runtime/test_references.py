import pytest

from runtime import engine
from runtime.references import referenced


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1", set()),
        ("SELECT * FROM raw.goods AS g JOIN Prices USING (id) WHERE id > $least", {"raw.goods", "prices"}),
        ("WITH own AS (SELECT * FROM a), two AS (SELECT * FROM own) SELECT * FROM two, own", {"a"}),
        ("WITH a AS (SELECT * FROM a) SELECT * FROM a", {"a"}),
        ("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT * FROM n, b", {"b"}),
        (
            "SELECT * FROM a WHERE EXISTS (WITH q AS (FROM b) SELECT * FROM q) AND x IN (SELECT x FROM q)",
            {"a", "b", "q"},
        ),
        ("SELECT * FROM a UNION ALL (SELECT * FROM b ORDER BY (SELECT max(x) FROM c))", {"a", "b", "c"}),
    ],
)
def test_tables_are_found_wherever_a_select_reads_them(sql: str, tables: set[str]) -> None:
    with engine.connect(threads=1) as connection:
        assert referenced(connection, sql, "lines/shop/curation/orders.sql") == tables
