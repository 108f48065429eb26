-- One example per scheduled flight, at the moment of its scheduled departure. A flight that never arrived has no label.
SELECT
    id,
    scheduled_departure AS event_time,
    tailnum,
    carrier,
    origin,
    dest,
    distance,
    local_hour AS hour,
    arrived_at AS label_known_at,
    CASE WHEN arr_delay >= $late_minutes THEN 1 WHEN arr_delay IS NOT NULL THEN 0 END AS label
FROM flights
