-- What a plane flew in the last day, week and four weeks, on how many days, and how many days it has stood since.
SELECT
    tailnum,
    planned_at AS event_time,
    CAST(minutes_1d AS DOUBLE) / 60 AS hours_1d,
    CAST(minutes_7d AS DOUBLE) / 60 AS hours_7d,
    CAST(minutes_28d AS DOUBLE) / 60 AS hours_28d,
    flights_28d,
    days_28d,
    idle_days
FROM plane_weeks
