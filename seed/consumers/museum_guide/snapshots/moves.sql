{% snapshot moves %}
{{ config(target_schema='guide', unique_key='object_id', strategy='check', check_cols=['gallery_number']) }}

select object_id, gallery_number, accession_number
from {{ source('museum', 'object_gallery_info') }}

{% endsnapshot %}
