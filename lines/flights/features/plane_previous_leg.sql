-- How late a plane was on the last leg that it flew out of New York, known once it has arrived.
SELECT
    tailnum,
    arrived_at AS event_time,
    MAX(dep_delay) AS dep_delay,
    MAX(arr_delay) AS arr_delay,
    MAX(distance) AS distance
FROM flights
WHERE tailnum IS NOT NULL AND arrived_at IS NOT NULL
GROUP BY tailnum, arrived_at
