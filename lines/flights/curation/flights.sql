-- One row per scheduled flight. Cancelled and diverted flights stay: their delays are null, and flags tell which they are.
-- The source gives the scheduled hour in UTC and every other moment as a local clock or as a delay, so that moments are
-- rebuilt here: departure = schedule + delay; arrival = the first time after it that the destination's clock shows arr_time.
WITH departures AS (
    SELECT
        scheduled.carrier || CAST(scheduled.flight AS VARCHAR)
        || '-' || CAST(scheduled.year AS VARCHAR)
        || LPAD(CAST(scheduled.month AS VARCHAR), 2, '0')
        || LPAD(CAST(scheduled.day AS VARCHAR), 2, '0')
        || '-' || scheduled.origin
        || '-' || LPAD(CAST(scheduled.sched_dep_time AS VARCHAR), 4, '0') AS id,
        scheduled.carrier,
        scheduled.tailnum,
        scheduled.origin,
        scheduled.dest,
        airports.zone AS dest_zone,
        -- the destinations that the airports lack are in Puerto Rico and on the Virgin Islands
        COALESCE(airports.zone, 'America/Puerto_Rico') AS clock_zone,
        scheduled.distance,
        scheduled.hour AS local_hour,
        scheduled.time_hour + scheduled.minute * INTERVAL '1' MINUTE AS scheduled_departure,
        scheduled.time_hour + (scheduled.minute + scheduled.dep_delay) * INTERVAL '1' MINUTE AS departed_at,
        CAST(FLOOR(scheduled.arr_time / 100) AS INTEGER) * 60 + MOD(scheduled.arr_time, 100) AS arrival_clock,
        scheduled.dep_delay,
        scheduled.arr_delay,
        weather.origin IS NOT NULL AS weather_reported
    FROM raw.flights AS scheduled
    LEFT JOIN airports ON scheduled.dest = airports.airport
    LEFT JOIN weather ON scheduled.origin = weather.origin AND scheduled.time_hour = weather.hour_start
)

SELECT
    id,
    carrier,
    tailnum,
    origin,
    dest,
    dest_zone,
    distance,
    local_hour,
    scheduled_departure,
    departed_at,
    departed_at + MOD(
        arrival_clock
        - 60 * EXTRACT(HOUR FROM departed_at AT TIME ZONE clock_zone)
        - EXTRACT(MINUTE FROM departed_at AT TIME ZONE clock_zone)
        + 1440,
        1440
    ) * INTERVAL '1' MINUTE AS arrived_at,
    dep_delay,
    arr_delay,
    departed_at IS NULL AS cancelled,
    departed_at IS NOT NULL AND arr_delay IS NULL AS diverted,
    weather_reported
FROM departures
