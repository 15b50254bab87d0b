select object_id
from {{ source('museum', 'object_gallery_info') }}
where gallery_number is not null and department is null
