select
    entries.room,
    floors.floor,
    count(*) as entries,
    count(entries.picture) as pictures
from {{ ref('guide_entries') }} as entries
left join {{ ref('floors') }} as floors on floors.room = entries.room
group by entries.room, floors.floor
