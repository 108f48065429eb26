-- One example per plane and Monday. Its label is what the plane flew in the seven days after, nothing included; null while they
-- are not over.
SELECT
    plane_weeks.tailnum || '-' || CAST(CAST(plane_weeks.planned_at AS DATE) AS VARCHAR) AS id,
    plane_weeks.planned_at AS event_time,
    plane_weeks.tailnum,
    plane_weeks.model,
    plane_weeks.carrier,
    CASE
        WHEN plane_weeks.planned_at + INTERVAL '7' DAY <= CAST($score_date AS TIMESTAMPTZ) + INTERVAL '8' HOUR
            THEN CAST(COALESCE(SUM(plane_days.minutes), 0) AS DOUBLE) / 60
    END AS label
FROM plane_weeks
LEFT JOIN plane_days
    ON
        plane_weeks.tailnum = plane_days.tailnum
        AND plane_days.day + INTERVAL '8' HOUR >= plane_weeks.planned_at
        AND plane_days.day + INTERVAL '8' HOUR < plane_weeks.planned_at + INTERVAL '7' DAY
GROUP BY plane_weeks.tailnum, plane_weeks.planned_at, plane_weeks.model, plane_weeks.carrier
