-- One row per order. Whether it was sent back is null while nobody can know it.
SELECT
    order_id AS id,
    customer,
    category,
    price,
    ordered_at,
    returned
FROM raw.orders
