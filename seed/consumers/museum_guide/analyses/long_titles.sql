select object_id, length(title) as letters
from {{ source('museum', 'object') }}
order by letters desc
