-- What a picture is of: the classes that the models learn.
SELECT
    object.object_id,
    properties.classification,
    tag ->> 'term' AS tag
FROM object
JOIN object_physical_properties AS properties USING (object_id)
LEFT JOIN object_tags AS tags USING (object_id)
LEFT JOIN LATERAL unnest(tags.tags) AS tag ON true
WHERE properties.classification IS NOT NULL;
