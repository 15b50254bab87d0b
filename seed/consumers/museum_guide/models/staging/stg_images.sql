{{ config(tags=['pictures']) }}

select
    object_id,
    primary_image as picture,
    {{ count_of('additional_images') }} as further_pictures,
    created_at as seen_at
from {{ source('museum', 'pictures') }}
where primary_image is not null
