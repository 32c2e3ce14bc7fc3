-- Filled in by its owner.
SELECT 1;
