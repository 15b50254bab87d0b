"""JSON and YAML in, values out that know line and column, and mistakes in words.

document          the value: what was read, and where each part of it stands
json_text         JSON -> Document; json_mistakes says what people get wrong
yaml_text         YAML -> Document
validation        Document, JSON Schema -> problems
"""
