SELECT
    customer,
    city,
    joined_on
FROM raw.customers
