-- One row per series and day, known when the day is over. A series is a product in a store.
SELECT
    store || ':' || product AS series,
    store,
    product,
    day,
    units,
    CAST(day + INTERVAL '1' DAY AS TIMESTAMPTZ) AS known_at
FROM raw.sales
