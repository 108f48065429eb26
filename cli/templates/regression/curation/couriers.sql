SELECT
    courier,
    depot,
    since
FROM raw.couriers
