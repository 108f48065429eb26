-- The registry of planes; one that is missing here flies all the same.
SELECT
    tailnum,
    year AS built,
    manufacturer,
    model,
    seats,
    engine
FROM raw.planes
