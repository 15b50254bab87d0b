{% macro count_of(column) -%}
coalesce(
    cardinality({{ column }}),
    0
)
{%- endmacro %}
