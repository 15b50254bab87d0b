-- How many objects of each department have an image at all.
WITH pictured AS (
    SELECT object_id FROM object_images WHERE primary_image IS NOT NULL
)
SELECT gallery.department, count(*) AS objects, count(pictured.object_id) AS with_image
FROM object_gallery_info AS gallery
LEFT JOIN pictured ON pictured.object_id = gallery.object_id
GROUP BY gallery.department
ORDER BY gallery.department;
