{{ config(materialized='ephemeral') }}

select
    place.object_id,
    place.gallery_number as room,
    place.department
from {{ source('museum', 'object_gallery_info') }} as place
