{%- set shown = ['heading', 'made_by'] -%}

select
    works.object_id,
    {% for column in shown -%}
    works.{{ column }},
    {% endfor -%}
    history.culture,
    rooms.room,
    images.picture
from {{ ref('stg_objects') }} as works
join {{ ref('stg_rooms') }} as rooms using (object_id)
left join {{ ref('stg_images') }} as images using (object_id)
left join {{ source('museum', 'object_history') }} as history
    on history.object_id = works.object_id
where rooms.room is not null
