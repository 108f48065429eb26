-- What a series sold lately, as known when a day is over. same_weekday is the newest day known then that falls on the weekday
-- that is forecast from there: the seasonal naive forecast, whatever the horizon.
WITH lags AS (
    SELECT
        series,
        day,
        known_at AS event_time,
        units AS lag_1,
        LAG(units, 1) OVER days AS lag_2,
        LAG(units, 6) OVER days AS lag_7,
        LAG(units, 13) OVER days AS lag_14,
        AVG(units) OVER (PARTITION BY series ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS mean_7,
        AVG(units) OVER (PARTITION BY series ORDER BY day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW) AS mean_28
    FROM sales
    WINDOW days AS (PARTITION BY series ORDER BY day)
)

SELECT
    lags.series,
    lags.event_time,
    lags.lag_1,
    lags.lag_2,
    lags.lag_7,
    lags.lag_14,
    lags.mean_7,
    lags.mean_28,
    season.units AS same_weekday
FROM lags
LEFT JOIN sales AS season
    ON lags.series = season.series
    AND season.day = lags.day - (6 - $horizon_days % 7)
