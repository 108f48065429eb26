-- One example per delivery, at the moment it leaves the depot.
SELECT
    id,
    left_at AS event_time,
    courier,
    vehicle,
    distance_km,
    parcels,
    EXTRACT(HOUR FROM left_at) AS hour,
    minutes AS label
FROM deliveries
