-- One row per Monday and plane that flew in the 28 days before it: what is known of the plane at 08:00 UTC, when the days before
-- are over.
WITH plans AS (
    SELECT DISTINCT DATE_TRUNC('week', day) + INTERVAL '7' DAY AS monday
    FROM plane_days
),

recent AS (
    SELECT
        plane_days.tailnum,
        plans.monday,
        MAX_BY(plane_days.carrier, plane_days.day) AS carrier,
        MAX(plane_days.day) AS last_day,
        COUNT(*) AS days_28d,
        SUM(plane_days.flights) AS flights_28d,
        SUM(CASE WHEN plane_days.day >= plans.monday - INTERVAL '1' DAY THEN plane_days.minutes ELSE 0 END) AS minutes_1d,
        SUM(CASE WHEN plane_days.day >= plans.monday - INTERVAL '7' DAY THEN plane_days.minutes ELSE 0 END) AS minutes_7d,
        SUM(plane_days.minutes) AS minutes_28d
    FROM plans
    INNER JOIN plane_days
        ON plane_days.day < plans.monday AND plane_days.day >= plans.monday - INTERVAL '28' DAY
    GROUP BY plane_days.tailnum, plans.monday
)

SELECT
    recent.tailnum,
    recent.monday + INTERVAL '8' HOUR AS planned_at,
    recent.carrier,
    planes.model,
    planes.tailnum IS NOT NULL AS registered,
    CAST(recent.minutes_1d AS BIGINT) AS minutes_1d,
    CAST(recent.minutes_7d AS BIGINT) AS minutes_7d,
    CAST(recent.minutes_28d AS BIGINT) AS minutes_28d,
    CAST(recent.flights_28d AS BIGINT) AS flights_28d,
    recent.days_28d,
    CAST(EXTRACT(DAY FROM recent.monday - INTERVAL '1' DAY - recent.last_day) AS BIGINT) AS idle_days
FROM recent
LEFT JOIN planes ON recent.tailnum = planes.tailnum
