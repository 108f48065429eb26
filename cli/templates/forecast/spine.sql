-- One example per series and morning: what is known then of the day that is forecast, and what it sold, once that is known.
SELECT
    known.series || '@' || CAST(CAST(known.day + 1 AS DATE) AS VARCHAR) AS id,
    known.known_at + INTERVAL '6' HOUR AS event_time,
    known.series,
    known.store,
    known.product,
    EXTRACT(DOW FROM known.day + 1 + $horizon_days) AS weekday,
    CASE WHEN promotions.day IS NULL THEN 0 ELSE 1 END AS promotion,
    later.units AS label,
    later.known_at
FROM sales AS known
LEFT JOIN sales AS later ON known.series = later.series AND later.day = known.day + 1 + $horizon_days
LEFT JOIN promotions ON known.series = promotions.series AND promotions.day = known.day + 1 + $horizon_days
