with works as (

    select * from {{ source('museum', 'object') }}

)

select
    object_id,
    coalesce(title, 'Untitled') as heading,
    artist_display_name as made_by
from works
