-- One row per delivery. How long it took is null while it is on its way.
SELECT
    delivery_id AS id,
    courier,
    vehicle,
    distance_km,
    parcels,
    left_at,
    minutes
FROM raw.deliveries
