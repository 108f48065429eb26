-- The last full hour's weather at the origin. A wind that no instrument can have measured becomes null.
SELECT
    origin,
    known_at AS event_time,
    temperature,
    dew_point,
    humidity,
    wind_direction,
    CASE WHEN wind_speed <= 150 THEN wind_speed END AS wind_speed,
    CASE WHEN wind_gust <= 150 THEN wind_gust END AS wind_gust,
    precipitation,
    pressure,
    visibility
FROM weather
