-- What a plane flew in a day that ends at 08:00 UTC, when New York sleeps (3 or 4 in the morning there). A flight belongs to the
-- day in which its minutes became known: at the day's end they all are.
SELECT
    tailnum,
    DATE_TRUNC('day', known_at - INTERVAL '8' HOUR) AS day,
    MAX(carrier) AS carrier,
    COUNT(*) AS flights,
    CAST(SUM(minutes) AS BIGINT) AS minutes
FROM flights
WHERE minutes IS NOT NULL AND tailnum IS NOT NULL
GROUP BY tailnum, DATE_TRUNC('day', known_at - INTERVAL '8' HOUR)
