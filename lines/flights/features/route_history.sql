-- How a route's arrivals were over 30 days, updated once a day. A day ends at 08:00 UTC, when New York sleeps (3 or 4 in
-- the morning there), and a flight belongs to the day in which it arrived: that is when its delay became known.
WITH days AS (
    SELECT
        origin,
        dest,
        DATE_TRUNC('day', arrived_at - INTERVAL '8' HOUR) AS day,
        COUNT(*) AS arrivals,
        SUM(arr_delay) AS delay,
        SUM(CASE WHEN arr_delay >= $late_minutes THEN 1 ELSE 0 END) AS late
    FROM flights
    WHERE arr_delay IS NOT NULL
    GROUP BY origin, dest, DATE_TRUNC('day', arrived_at - INTERVAL '8' HOUR)
)

SELECT
    days.origin,
    days.dest,
    days.day + INTERVAL '32' HOUR AS event_time,
    CAST(SUM(past.arrivals) AS BIGINT) AS arrivals,
    CAST(SUM(past.late) AS DOUBLE) / SUM(past.arrivals) AS late_share,
    CAST(SUM(past.delay) AS DOUBLE) / SUM(past.arrivals) AS mean_delay
FROM days
INNER JOIN days AS past
    ON
        days.origin = past.origin
        AND days.dest = past.dest
        AND past.day <= days.day
        AND past.day > days.day - INTERVAL '30' DAY
GROUP BY days.origin, days.dest, days.day
