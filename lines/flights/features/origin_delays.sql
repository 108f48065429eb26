-- What an origin's departure board shows at a moment. The flights of the last three hours by then: how many, how many
-- are overdue by 15 minutes or more, and how long they waited so far (in minutes, negative for an early departure).
-- A flight that has not left by that moment is waiting, whether it leaves later or is cancelled in the end: nobody knows yet.
WITH hours_later AS (
    SELECT 0 AS hours UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3
),

moments AS (
    SELECT DISTINCT
        origin,
        scheduled_departure AS event_time,
        DATE_TRUNC('hour', scheduled_departure) AS event_hour,
        EPOCH(scheduled_departure) / 60 AS event_minute
    FROM flights
),

-- each flight once per hour in which it can be on the board: an equality of time makes the join below fast
board AS (
    SELECT
        flights.origin,
        flights.scheduled_departure,
        EPOCH(flights.scheduled_departure) / 60 AS scheduled_minute,
        flights.departed_at,
        flights.dep_delay,
        DATE_TRUNC('hour', flights.scheduled_departure) + hours_later.hours * INTERVAL '1' HOUR AS board_hour
    FROM flights
    CROSS JOIN hours_later
),

seen AS (
    SELECT
        moments.origin,
        moments.event_time,
        moments.event_minute - board.scheduled_minute AS age,
        CASE WHEN board.departed_at <= moments.event_time THEN board.dep_delay END AS dep_delay
    FROM moments
    INNER JOIN board
        ON
            moments.origin = board.origin
            AND moments.event_hour = board.board_hour
            AND board.scheduled_departure < moments.event_time
            AND board.scheduled_departure >= moments.event_time - INTERVAL '3' HOUR
)

SELECT
    origin,
    event_time,
    COUNT(*) AS scheduled,
    COUNT(CASE WHEN dep_delay IS NULL AND age >= 15 THEN 1 END) AS overdue,
    AVG(CAST(CASE WHEN age <= 60 THEN COALESCE(dep_delay, age) END AS DOUBLE)) AS wait_1h,
    AVG(CAST(COALESCE(dep_delay, age) AS DOUBLE)) AS wait_3h
FROM seen
GROUP BY origin, event_time
