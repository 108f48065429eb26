-- How fast a courier was over the last two weeks, as known four hours after a delivery left.
SELECT
    courier,
    left_at + INTERVAL '4' HOUR AS event_time,
    COUNT(*) OVER known AS deliveries,
    SUM(minutes) OVER known / SUM(distance_km) OVER known AS minutes_per_km
FROM deliveries
WHERE minutes IS NOT NULL
WINDOW known AS (
    PARTITION BY courier ORDER BY left_at RANGE BETWEEN INTERVAL '14' DAY PRECEDING AND CURRENT ROW
)
