-- What the planes of one model flew on average, and how many there are: a plane that stood may do again what its like do.
SELECT
    model,
    planned_at AS event_time,
    CAST(SUM(minutes_7d) AS DOUBLE) / COUNT(*) / 60 AS mean_hours_7d,
    CAST(SUM(minutes_28d) AS DOUBLE) / COUNT(*) / 60 AS mean_hours_28d,
    COUNT(*) AS planes
FROM plane_weeks
WHERE model IS NOT NULL
GROUP BY model, planned_at
