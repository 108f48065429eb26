-- The register of planes; one that is missing here flies all the same.
SELECT
    tailnum,
    year AS built,
    manufacturer,
    engines,
    seats
FROM raw.planes
