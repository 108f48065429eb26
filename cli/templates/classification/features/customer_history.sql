-- What a customer ordered and sent back in thirty days, as known three days after each order.
SELECT
    customer,
    ordered_at + INTERVAL '3' DAY AS event_time,
    COUNT(*) OVER known AS orders,
    AVG(returned) OVER known AS share_returned
FROM orders
WHERE returned IS NOT NULL
WINDOW known AS (
    PARTITION BY customer ORDER BY ordered_at RANGE BETWEEN INTERVAL '30' DAY PRECEDING AND CURRENT ROW
)
