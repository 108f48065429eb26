"""Constructs of portable SQL, each in a SELECT over the tables below: what both engines must answer alike."""

from __future__ import annotations

COLUMNS = {
    "t": {
        "id": "INTEGER",
        "i": "INTEGER",
        "j": "INTEGER",
        "b": "BIGINT",
        "x": "DOUBLE",
        "y": "DOUBLE",
        "d": "DECIMAL(10,2)",
        "s": "VARCHAR",
        "w": "VARCHAR",
        "f": "BOOLEAN",
        "day": "DATE",
        "ts": "TIMESTAMPTZ",
        "clock": "TIMESTAMP",
    },
    "r": {"k": "INTEGER", "ts": "TIMESTAMPTZ", "v": "DOUBLE", "word": "VARCHAR"},
}

ROWS = {
    "t": [
        "1, 7, 2, 9000000000, 1.5, 2.0, 10.25, 'apple', 'a-b-c', true, DATE '2013-03-10', "
        "TIMESTAMPTZ '2013-03-10 06:59:59.5+00', TIMESTAMP '2013-03-10 02:30:00'",
        "2, -7, 2, -5, -2.5, 0.0, -0.05, 'Ärger', '12', false, DATE '2013-11-03', "
        "TIMESTAMPTZ '2013-11-03 05:30:00+00', TIMESTAMP '2013-11-03 01:30:00'",
        "3, 0, -3, 0, 'nan', 1.0, 2.50, '', '  x ', NULL, DATE '2012-02-29', "
        "TIMESTAMPTZ '2013-11-03 06:30:00+00', TIMESTAMP '2013-01-31 23:59:59.999999'",
        "4, 15, NULL, 25, 'inf', -0.0, 3.50, NULL, 'it''s', true, DATE '2012-12-30', "
        "TIMESTAMPTZ '1969-12-31 23:59:58.75+00', TIMESTAMP '1969-12-31 23:59:59'",
        "5, NULL, 5, NULL, NULL, 3.5, NULL, 'naïve 🙂', '7.5', false, NULL, NULL, NULL",
        "6, 7, 7, 100, 0.285, 1e20, 99999999.99, 'apple', 'a%b_c', true, DATE '2013-01-01', "
        "TIMESTAMPTZ '2013-01-01 00:00:00+00', TIMESTAMP '2013-01-01 12:00:00'",
        "7, -1, 3, 7, '-inf', NULL, 0.00, 'Banana', NULL, NULL, DATE '2013-12-30', "
        "TIMESTAMPTZ '2013-12-31 23:00:00+00', TIMESTAMP '2013-07-01 00:00:00'",
    ],
    "r": [
        "7, TIMESTAMPTZ '2013-01-01 00:00:00+00', 1.0, 'one'",
        "7, TIMESTAMPTZ '2013-03-10 00:00:00+00', 2.0, 'two'",
        "7, TIMESTAMPTZ '2014-01-01 00:00:00+00', 3.0, 'three'",
        "-7, TIMESTAMPTZ '2013-11-03 05:30:00+00', 4.0, NULL",
        "0, NULL, 5.0, 'never'",
        "NULL, TIMESTAMPTZ '2000-01-01 00:00:00+00', 6.0, 'nobody'",
    ],
}

EXPRESSIONS: dict[str, list[str]] = {
    "integer arithmetic": [
        "i + j", "i - j", "i * j", "-i", "b + 1", "i + b", "i * 2 - 3",
    ],
    "division gives a double": [
        "i / j", "i / 2", "-i / 4", "b / i", "d / 3", "x / j", "7 / 2",
    ],
    "division by zero": [
        "i / 0", "0 / (i - i)", "x / y", "-x / y", "d / 0",
    ],
    "integer division": [
        "i // 2", "i // -2", "b // 3",
    ],
    "modulo keeps the sign of the dividend": [
        "i % 3", "i % -3", "MOD(-7, 3)", "MOD(b, 7)", "d % 2", "x % 2", "x % y",
    ],
    "decimals": [
        "d + 1", "d * 2", "CASE WHEN d < 100 THEN d END * 1.25", "d - 0.05", "-d", "d + i", "i * 1.5", "0.1 + 0.2",
        "d * 0.5",
    ],
    "doubles": [
        "x + y", "x * y", "x - 0.5", "x * 2", "x + i", "x + d", "1e3", "x * 0.1",
    ],
    "rounding": [
        "ROUND(x)", "ROUND(x, 2)", "ROUND(x, 1)", "ROUND(y, -2)", "ROUND(d, 1)", "ROUND(d)", "ROUND(i)",
        "ROUND(i, -1)", "ROUND(b, -1)",
    ],
    "floor and ceiling": [
        "FLOOR(x)", "CEIL(x)", "FLOOR(y)", "FLOOR(d)", "CEIL(d)", "FLOOR(i)", "CEILING(x)",
    ],
    "signs": [
        "ABS(i)", "ABS(x)", "ABS(d)", "SIGN(i)", "SIGN(x)",
    ],
    "roots and powers": [
        "SQRT(ABS(i))", "POWER(i, 2)", "x ** 2", "EXP(i)", "LN(ABS(x))", "LN(i)", "LN(y)", "SQRT(-1)",
    ],
    "angles": [
        "SIN(i)", "COS(i)", "ATAN2(i, 2)", "RADIANS(i)", "PI()",
    ],
    "not a number": [
        "ISNAN(x)", "x = x", "x > 1", "x <> 1.5", "x = y", "GREATEST(x, 1.0)", "LEAST(x, 1.0)",
    ],
    "comparisons with null": [
        "i = j", "i <> j", "i < j", "i IS DISTINCT FROM j", "i IS NOT DISTINCT FROM j", "i IS NULL", "f IS NOT NULL",
        "f IS TRUE",
    ],
    "three-valued logic": [
        "f AND i > 0", "f OR i > 0", "NOT f", "i IN (7, 15)", "i NOT IN (7, 15)", "i IN (1, NULL)",
        "i NOT BETWEEN 1 AND 6",
        "i BETWEEN 0 AND 7",
    ],
    "conditions": [
        "CASE WHEN i > 0 THEN 'up' WHEN i < 0 THEN 'down' END", "CASE i WHEN 7 THEN 1 ELSE 0.5 END", "IF(f, 1, 2)",
    ],
    "nulls replaced": [
        "COALESCE(i, j)", "COALESCE(i, 1.5)", "COALESCE(x, i)", "NULLIF(i, 7)", "IFNULL(s, 'none')",
        "GREATEST(i, j)", "LEAST(i, j, 3)",
    ],
    "casts to integers round": [
        "CAST(d AS INTEGER)", "CAST(CASE WHEN ABS(x) < 10 THEN x END AS INTEGER)", "CAST(2.5 AS INTEGER)",
        "CAST(3.5 AS BIGINT)", "CAST(f AS INTEGER)", "CAST(i AS BOOLEAN)",
    ],
    "casts to decimals": [
        "CAST(i AS DECIMAL(10,2))", "CAST(CASE WHEN ABS(x) < 10 THEN x END AS DECIMAL(10,2))",
        "CAST(d AS DECIMAL(12,1))", "d::DOUBLE",
    ],
    "casts to other widths": [
        "CAST(i AS HUGEINT)", "CAST(i AS BIGINT)", "CAST(i AS SMALLINT)", "CAST(x AS FLOAT)", "i::DOUBLE",
        "CAST(b AS DOUBLE)",
    ],
    "casts to text": [
        "CAST(i AS VARCHAR)", "CAST(d AS VARCHAR)", "CAST(day AS VARCHAR)", "CAST(f AS VARCHAR)",
        "CAST(b AS VARCHAR)",
    ],
    "casts from text": [
        "CAST('2013-01-05' AS DATE)", "CAST(CASE WHEN id = 2 THEN w END AS INTEGER)", "CAST('1.5' AS DOUBLE)",
        "CAST('true' AS BOOLEAN)", "TIMESTAMPTZ '2013-01-01 05:00:00-05:00'", "TIMESTAMP '2013-01-01 05:00:00'",
        "CAST('2013-01-01T05:00:00Z' AS TIMESTAMPTZ)",
    ],
    "casts that may fail": [
        "TRY_CAST(w AS INTEGER)", "TRY_CAST(w AS DOUBLE)", "TRY_CAST(s AS DATE)", "TRY_CAST('2013' AS DATE)",
        "TRY_CAST('1d' AS DOUBLE)",
    ],
    "casts of moments": [
        "CAST(ts AS DATE)", "CAST(day AS TIMESTAMP)", "CAST(clock AS TIMESTAMPTZ)", "CAST(ts AS TIMESTAMP)",
        "CAST(clock AS DATE)", "CAST(day AS TIMESTAMPTZ)",
    ],
    "text joined": [
        "s || '-' || w", "s || i", "i || s", "s || d || day", "s || f", "'a' || CAST(NULL AS VARCHAR)",
        "CONCAT(s, w, i)",
        "CONCAT_WS('-', s, w, 'z')",
    ],
    "text measured": [
        "LENGTH(s)", "LENGTH(w)", "STRPOS(s, 'p')", "POSITION('an' IN s)", "INSTR(s, 'z')", "ASCII(s)",
    ],
    "text cut": [
        "SUBSTRING(s, 2, 3)", "SUBSTRING(s, 2)", "SUBSTRING(s, -3, 2)", "SUBSTRING(s, 0, 2)", "SUBSTRING(s, i, 2)",
        "LEFT(s, 3)", "RIGHT(s, 3)", "LEFT(s, 0)", "SUBSTRING(s, STRPOS(s, 'p') + 1)",
    ],
    "text changed": [
        "UPPER(w)", "LOWER(s)", "TRIM(w)", "LTRIM(w)", "RTRIM(w)", "TRIM(s, 'a')", "LPAD(w, 4, '0')",
        "RPAD(w, 4, 'xy')", "REPLACE(s, 'p', 'q')", "REPEAT(s, 2)",
    ],
    "text split": [
        "SPLIT_PART(w, '-', 1)", "SPLIT_PART(w, '-', 2)", "SPLIT_PART(w, '-', 9)", "SPLIT_PART(w, '-', -1)",
    ],
    "text searched": [
        "STARTS_WITH(s, 'ap')", "ENDS_WITH(s, 'le')", "CONTAINS(s, 'pp')", "s LIKE 'a%'", "s LIKE '_pple'",
        "w LIKE '%b_c'", "s ILIKE 'A%'", "s NOT LIKE '%a%'", "s NOT ILIKE 'A%'",
    ],
    "regular expressions": [
        "REGEXP_MATCHES(s, '^[a-z]+$')", "REGEXP_EXTRACT(w, '([a-z])-([a-z])')",
        "REGEXP_EXTRACT(w, '([a-z])-([a-z])', 2)", r"REGEXP_EXTRACT(w, '\d+')",
        "REGEXP_REPLACE(s, '[ap]', 'x', 'g')",
    ],
    "quotes and backslashes": [
        "'it''s'", r"'back\slash'", r"'a\nb'", "'100%'", "'ü'", "''", r"LENGTH('\')",
    ],
    "hashes": [
        "MD5(s)", "SHA256(s)",
    ],
    "clocks of a time zone": [
        "ts AT TIME ZONE 'America/New_York'", "ts AT TIME ZONE 'UTC'",
        "EXTRACT(HOUR FROM ts AT TIME ZONE 'America/New_York')",
        "EXTRACT(MINUTE FROM ts AT TIME ZONE 'Asia/Kolkata')",
    ],
    "moments of a clock, in gaps and overlaps too": [
        "clock AT TIME ZONE 'America/New_York'", "clock AT TIME ZONE 'UTC'",
        "clock AT TIME ZONE 'Australia/Lord_Howe'",
        "TIMESTAMP '2013-11-03 01:59:59' AT TIME ZONE 'America/New_York'",
        "TIMESTAMP '2013-03-10 02:00:00' AT TIME ZONE 'America/New_York'",
    ],
    "moments cut": [
        "DATE_TRUNC('hour', ts)", "DATE_TRUNC('day', ts)", "DATE_TRUNC('week', ts)", "DATE_TRUNC('month', clock)",
        "DATE_TRUNC('quarter', ts)", "DATE_TRUNC('year', ts)", "DATE_TRUNC('month', day)",
        "DATE_TRUNC('minute', clock)", "DATE_TRUNC('second', ts)",
    ],
    "parts of moments": [
        "EXTRACT(YEAR FROM ts)", "EXTRACT(QUARTER FROM ts)", "EXTRACT(MONTH FROM ts)", "EXTRACT(WEEK FROM day)",
        "EXTRACT(DAY FROM ts)", "EXTRACT(HOUR FROM ts)", "EXTRACT(MINUTE FROM clock)", "EXTRACT(SECOND FROM ts)",
        "EXTRACT(DOW FROM ts)", "EXTRACT(ISODOW FROM ts)", "EXTRACT(DOY FROM day)",
    ],
    "parts by functions": [
        "YEAR(day)", "QUARTER(ts)", "MONTH(ts)", "WEEK(ts)", "DAY(clock)", "DAYOFYEAR(day)", "DAYOFWEEK(day)",
        "ISODOW(day)", "HOUR(ts)", "MINUTE(ts)", "SECOND(ts)",
    ],
    "seconds since 1970": [
        "EPOCH(ts)", "EPOCH(clock)", "EPOCH(day)", "EXTRACT(EPOCH FROM ts)", "EPOCH(ts) / 60",
        "EPOCH(ts - TIMESTAMPTZ '2013-01-01 00:00:00+00')", "TO_TIMESTAMP(b)",
        "TO_TIMESTAMP(CASE WHEN y < 100 THEN y END * 10.5)",
    ],
    "days": [
        "day + 1", "day - 1", "1 + day", "day - DATE '2013-01-01'", "DATE '2013-01-01' - day", "day + i",
        "LAST_DAY(day)", "MAKE_DATE(2013, 2, ABS(i) + 1)",
    ],
    "intervals": [
        "ts + INTERVAL '1' HOUR", "ts - INTERVAL 90 MINUTE", "clock + INTERVAL '31' DAY",
        "ts + i * INTERVAL '1' MINUTE", "ts + INTERVAL (i) HOUR", "day + INTERVAL '1' MONTH",
        "day - INTERVAL '1' DAY", "clock + INTERVAL '1' MONTH", "ts - INTERVAL '2' WEEK", "ts + INTERVAL '1' YEAR",
        "day + INTERVAL '5' HOUR", "ts + INTERVAL '-3' SECOND",
    ],
    "days between moments": [
        "EXTRACT(DAY FROM ts - TIMESTAMPTZ '2013-03-10 00:00:00+00')",
        "EXTRACT(DAY FROM clock - INTERVAL '1' DAY - clock)",
        "EPOCH(clock - CAST(day AS TIMESTAMP))",
    ],
    "moments compared": [
        "ts > TIMESTAMPTZ '2013-03-10 00:00:00+00'", "clock = TIMESTAMP '2013-01-01 12:00:00'",
        "day < DATE '2013-03-01'", "ts - TIMESTAMPTZ '2013-03-10 00:00:00+00' <= INTERVAL '3' HOUR",
        "ts >= CAST(day AS TIMESTAMPTZ)",
    ],
    "borders between moments": [
        "DATE_DIFF('day', day, DATE '2013-06-01')", "DATE_DIFF('hour', clock, TIMESTAMP '2013-01-01 00:00:00')",
        "DATE_DIFF('month', day, DATE '2013-06-15')", "DATE_DIFF('year', ts, TIMESTAMPTZ '2014-01-01 00:00:00+00')",
        "DATE_DIFF('minute', ts, ts + INTERVAL '59' SECOND)",
        "DATE_DIFF('second', ts, TIMESTAMPTZ '2013-01-01 00:00:00+00')",
    ],
    "moments written and read": [
        "STRFTIME(ts, '%Y-%m-%d %H:%M:%S')", "STRFTIME(day, '%d.%m.%Y')",
        "STRPTIME('2013-01-05 06:07:08', '%Y-%m-%d %H:%M:%S')", "STRPTIME('05/01/2013', '%d/%m/%Y')",
    ],
}  # fmt: skip
"""Name → projections over ``t``."""

AGGREGATES: dict[str, tuple[list[str], str]] = {
    "counts": (
        [
            "COUNT(*)", "COUNT(i)", "COUNT(DISTINCT i)", "COUNT_IF(f)", "COUNT(*) FILTER (WHERE f)",
            "COUNT(CASE WHEN i > 0 THEN 1 END)",
        ],
        "FROM t",
    ),
    "sums": (
        [
            "SUM(i)", "SUM(b)", "SUM(d)", "SUM(y)", "SUM(f)", "SUM(DISTINCT i)", "SUM(i) FILTER (WHERE f)",
            "SUM(i * 1.5)",
        ],
        "FROM t",
    ),
    "sums of what is not a number": (
        [
            "SUM(x)", "AVG(x)", "MAX(x)", "MIN(x)",
        ],
        "FROM t",
    ),
    "averages": (
        [
            "AVG(i)", "AVG(d)", "AVG(y)", "AVG(b)", "AVG(DISTINCT i)", "AVG(CAST(f AS INTEGER))",
        ],
        "FROM t",
    ),
    "extremes": (
        [
            "MIN(i)", "MAX(s)", "MIN(ts)", "MAX(day)", "MIN(d)", "MAX(f)", "MIN(x)", "MAX(clock)",
        ],
        "FROM t",
    ),
    "of no rows": (
        [
            "COUNT(*)", "SUM(i)", "AVG(x)", "MIN(s)", "BOOL_AND(f)", "MEDIAN(i)", "STDDEV(i)",
        ],
        "FROM t WHERE id > 100",
    ),
    "of booleans": (
        [
            "j > 2", "BOOL_AND(f)", "BOOL_OR(f)", "MAX(f)",
        ],
        "FROM t GROUP BY j > 2",
    ),
    "spread": (
        [
            "STDDEV(i)", "STDDEV_POP(i)", "VARIANCE(i)", "VAR_POP(i)", "STDDEV_SAMP(d)", "MEDIAN(i)",
            "QUANTILE_CONT(i, 0.25)", "STDDEV(y)",
        ],
        "FROM t",
    ),
    "spread of one row": (
        [
            "STDDEV(i)", "VARIANCE(x)", "STDDEV_POP(i)", "MEDIAN(x)",
        ],
        "FROM t WHERE id = 1",
    ),
    "the value at an extreme": (
        [
            "ARG_MAX(s, b)", "ARG_MIN(s, b)", "ARG_MAX(i, id)", "ARG_MIN(i, ts)",
        ],
        "FROM t",
    ),
    "texts of a group": (
        [
            "f", "STRING_AGG(s, ',' ORDER BY id)", "STRING_AGG(w, '' ORDER BY id DESC)",
        ],
        "FROM t GROUP BY f",
    ),
    "groups by NaN and zeros": (
        [
            "x", "y = 0", "COUNT(*)",
        ],
        "FROM t GROUP BY x, y = 0",
    ),
}  # fmt: skip
"""Name → projections, and the rest of the SELECT."""

QUERIES: dict[str, str] = {
    "groups with null and having": (
        "SELECT i, COUNT(*) AS n, SUM(y) AS total FROM t GROUP BY i HAVING COUNT(*) >= 1"
    ),
    "groups by an alias and by position": (
        "SELECT i % 2 AS odd, COUNT(*) AS n FROM t GROUP BY odd UNION ALL SELECT j, COUNT(*) FROM t GROUP BY 1"
    ),
    "distinct rows": (
        "SELECT DISTINCT i, f FROM t"
    ),
    "order ascending puts nulls last": (
        "SELECT id, i FROM t ORDER BY i, id LIMIT 6"
    ),
    "order descending puts nulls last": (
        "SELECT id, i FROM t ORDER BY i DESC, id LIMIT 6"
    ),
    "order with nulls first": (
        "SELECT id, i FROM t ORDER BY i NULLS FIRST, id LIMIT 2"
    ),
    "limit and offset": (
        "SELECT id FROM t ORDER BY x DESC, id LIMIT 3 OFFSET 2"
    ),
    "inner, left, right, full, cross": (
        "SELECT t.id, r.v, q.v AS w, p.k, c.n FROM t INNER JOIN r ON t.i = r.k LEFT JOIN r AS q ON t.j = q.k FULL "
        "JOIN (SELECT k FROM r WHERE v > 3) AS p ON p.k = t.i CROSS JOIN (SELECT 1 AS n) AS c"
    ),
    "right join": (
        "SELECT t.id, r.v FROM t RIGHT JOIN r ON t.i = r.k"
    ),
    "join by a common name": (
        "SELECT ts, t.id, r.v FROM t JOIN r USING (ts)"
    ),
    "join by an inequality": (
        "SELECT t.id, r.v FROM t JOIN r ON t.i = r.k AND r.ts <= t.ts AND r.ts > t.ts - INTERVAL '400' DAY"
    ),
    "semi and anti join": (
        "SELECT id FROM t SEMI JOIN r ON t.i = r.k UNION ALL SELECT -id FROM t ANTI JOIN r ON t.i = r.k"
    ),
    "asof join": (
        "SELECT t.id, t.ts, r.ts AS at, r.v, r.word FROM t ASOF JOIN r ON t.i = r.k AND t.ts >= r.ts"
    ),
    "asof left join, before": (
        "SELECT t.*, r.v FROM t ASOF LEFT JOIN r ON t.i = r.k AND t.ts > r.ts"
    ),
    "asof join of what comes after": (
        "SELECT t.id, r.v FROM t ASOF LEFT JOIN r ON t.i = r.k AND t.ts <= r.ts"
    ),
    "asof join without keys": (
        "SELECT t.id, r.v FROM t ASOF LEFT JOIN r ON t.ts >= r.ts"
    ),
    "two asof joins and a join": (
        "SELECT t.id, a.v, b.v AS later, c.word, COUNT(*) OVER () AS n FROM t JOIN r AS c ON c.k = t.i AND c.v < "
        "3 ASOF LEFT JOIN r AS a ON a.k = t.i AND a.ts < t.ts ASOF LEFT JOIN (SELECT * FROM r WHERE v > 1) AS b "
        "ON t.ts <= b.ts AND b.k = t.i WHERE t.id < 7"
    ),
    "union, intersect, except": (
        "SELECT i FROM t UNION SELECT j FROM t UNION ALL (SELECT i FROM t INTERSECT SELECT j FROM t) UNION ALL "
        "(SELECT i FROM t EXCEPT SELECT j FROM t)"
    ),
    "subselects": (
        "SELECT id, (SELECT MAX(v) FROM r WHERE r.k = t.i) AS most, EXISTS "
        "(SELECT 1 FROM r WHERE r.k = t.j) AS other FROM t WHERE i > (SELECT MIN(j) FROM t)"
    ),
    "in a subselect": "SELECT id FROM t WHERE i IN (SELECT k FROM r) AND (j > 1)",
    "not in a subselect with null": (
        "SELECT id FROM t WHERE i NOT IN (SELECT k FROM r)"
    ),
    "common table expressions": (
        "WITH a AS (SELECT i AS n, SUM(y) AS total FROM t GROUP BY i), b AS (SELECT n, total / 2 AS half FROM a) "
        "SELECT a.n, b.half, a.total - b.half AS rest FROM a JOIN b ON a.n = b.n"
    ),
    "constant rows": (
        "SELECT a, b, c FROM (VALUES (1, 'x', 1.5), (2, NULL, 2.25)) AS v(a, b, c)"
    ),
    "all columns but one": (
        "SELECT * EXCLUDE (ts, x) FROM t"
    ),
    "an alias used further on": (
        "SELECT i + 1 AS n, n * 2 AS m FROM t WHERE n > 0"
    ),
    "rows numbered and ranked": (
        "SELECT id, ROW_NUMBER() OVER (PARTITION BY f ORDER BY i, id) AS n, RANK() OVER (ORDER BY i) AS a, "
        "DENSE_RANK() OVER (ORDER BY i DESC) AS b, NTILE(3) OVER (ORDER BY id) AS c, PERCENT_RANK() OVER (ORDER "
        "BY i) AS p, CUME_DIST() OVER (ORDER BY i) AS q FROM t"
    ),
    "neighbours": (
        "SELECT id, LAG(i) OVER w AS a, LEAD(i, 2) OVER w AS b, LAG(i, 1, 0) OVER w AS c, LAG(i IGNORE NULLS) "
        "OVER w AS d, FIRST_VALUE(i) OVER w AS e, LAST_VALUE(s) OVER w AS g, NTH_VALUE(i, 2) OVER w AS h FROM t "
        "WINDOW w AS (ORDER BY id)"
    ),
    "last known value": (
        "SELECT id, LAST_VALUE(i IGNORE NULLS) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 "
        "PRECEDING) AS v FROM t"
    ),
    "running figures": (
        "SELECT id, SUM(i) OVER (PARTITION BY f ORDER BY id) AS a, AVG(y) OVER (ORDER BY id ROWS BETWEEN 2 "
        "PRECEDING AND CURRENT ROW) AS b, COUNT(*) OVER (PARTITION BY i) AS c, MAX(d) OVER (ORDER BY id ROWS "
        "BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS e FROM t"
    ),
    "figures of a stretch of time": (
        "SELECT id, SUM(i) OVER (ORDER BY ts RANGE BETWEEN INTERVAL '200' DAY PRECEDING AND CURRENT ROW) AS a, "
        "COUNT(*) OVER (ORDER BY ts RANGE BETWEEN INTERVAL '30' DAY PRECEDING AND INTERVAL '1' HOUR PRECEDING) AS "
        "b FROM t WHERE ts IS NOT NULL"
    ),
    "figures of a stretch of numbers": (
        "SELECT id, COUNT(*) OVER (ORDER BY i RANGE BETWEEN 8 PRECEDING AND 8 FOLLOWING) AS a FROM t WHERE i IS "
        "NOT NULL"
    ),
    "a window over groups": (
        "SELECT f, SUM(i) AS total, SUM(SUM(i)) OVER (ORDER BY f) AS running, SUM(i) / SUM(SUM(i)) OVER () AS "
        "share FROM t GROUP BY f"
    ),
    "windows order nulls last": (
        "SELECT id, FIRST_VALUE(id) OVER (ORDER BY i DESC, id) AS a, SUM(1) OVER (ORDER BY x) AS b FROM t"
    ),
    "parameters": (
        "SELECT id, i + $least AS a, $word || s AS b, day >= $since AS c, y * $factor AS e, $flag AND f AS g FROM "
        "t WHERE i >= $least"
    ),
}  # fmt: skip

PARAMETERS: dict[str, object] = {"least": 0, "word": "it's; DROP TABLE t --", "factor": 1.5, "flag": True}


def named(name: str) -> dict[str, str]:
    """Return the projections of an entry of ``EXPRESSIONS``, each with a name of its own."""
    return {f"{name} {i}": part for i, part in enumerate(EXPRESSIONS[name])}


def projected() -> str:
    """Return one SELECT of all of ``EXPRESSIONS``."""
    parts = {column: part for name in EXPRESSIONS for column, part in named(name).items()}
    return "SELECT " + ", ".join(f'{part} AS "{column}"' for column, part in parts.items()) + " FROM t"


def selects() -> dict[str, str]:
    """Return every other SELECT, each projection with a name of its own."""
    aggregated = {
        name: f"SELECT {', '.join(f'{part} AS c{i}' for i, part in enumerate(parts))} {rest}"
        for name, (parts, rest) in AGGREGATES.items()
    }
    return aggregated | QUERIES
