-- One row per scheduled flight of the airlines that are at home in New York. Cancelled and diverted flights have no minutes.
-- The source tells neither taxi times nor the arrival in UTC, so that a flight's minutes count as known an hour after they
-- would be over had it not taxied at all.
SELECT
    carrier || CAST(flight AS VARCHAR)
    || '-' || CAST(CAST(time_hour AT TIME ZONE 'America/New_York' AS DATE) AS VARCHAR)
    || '-' || origin
    || '-' || LPAD(CAST(sched_dep_time AS VARCHAR), 4, '0') AS id,
    month,
    carrier,
    tailnum,
    origin,
    dest,
    distance,
    air_time AS minutes,
    time_hour + minute * INTERVAL '1' MINUTE AS scheduled_departure,
    time_hour + (minute + dep_delay + air_time + 60) * INTERVAL '1' MINUTE AS known_at
FROM raw.flights
WHERE carrier IN ('9E', 'B6', 'EV', 'MQ')
