-- One row per origin and hour. The source does not tell the minute of a reading (stations mostly report shortly before
-- the full hour), so a reading counts as known only when its hour is over.
SELECT
    origin,
    time_hour AS hour_start,
    time_hour + INTERVAL '1' HOUR AS known_at,
    temp AS temperature,
    dewp AS dew_point,
    humid AS humidity,
    wind_dir AS wind_direction,
    wind_speed,
    wind_gust,
    precip AS precipitation,
    pressure,
    visib AS visibility
FROM raw.weather
