select
    images.object_id,
    images.further_pictures,
    rights.is_public_domain
from {{ ref('stg_images') }} as images
join {{ source('museum', 'object_copyright') }} as rights on rights.object_id = images.object_id
