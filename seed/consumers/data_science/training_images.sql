-- The links to every image that the models may be trained on, with what the museum says it shows.
SELECT
    images.object_id,
    image.link,
    image.position,
    object.title,
    gallery.department
FROM object_images AS images
JOIN object ON object.object_id = images.object_id
JOIN object_gallery_info AS gallery ON gallery.object_id = images.object_id
JOIN object_copyright AS copyright ON copyright.object_id = images.object_id
CROSS JOIN LATERAL unnest(images.primary_image || images.additional_images) WITH ORDINALITY AS image (link, position)
WHERE copyright.is_public_domain;
