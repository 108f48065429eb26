-- What the registry says of a plane. It is one of the whole year, without a date of its own.
SELECT
    tailnum,
    TIMESTAMPTZ '2013-01-01 00:00:00+00:00' AS event_time,
    built,
    manufacturer,
    seats
FROM planes
