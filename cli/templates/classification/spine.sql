-- One example per order, at the moment it is placed.
SELECT
    id,
    ordered_at AS event_time,
    customer,
    category,
    price,
    EXTRACT(HOUR FROM ordered_at) AS hour,
    returned AS label
FROM orders
