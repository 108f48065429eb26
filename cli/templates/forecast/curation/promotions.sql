-- One row per series and day with a promotion, past and planned.
SELECT
    store || ':' || product AS series,
    day
FROM raw.promotions
