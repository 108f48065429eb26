-- Destinations and their time zones.
SELECT
    faa AS airport,
    name,
    lat AS latitude,
    lon AS longitude,
    tzone AS zone
FROM raw.airports
