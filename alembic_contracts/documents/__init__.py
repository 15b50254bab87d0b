"""Files in, values out that know line and column, and mistakes in words.

document          the value: what was read, and where each part of it stands
files             a path -> its text
json_text         JSON -> Document
json_scanner      where in it everything stands; json_mistakes says what people get wrong there
yaml_text         YAML -> Document
toml_text         TOML -> its value
ini_text          .ini -> the settings of a section
validation        Document, JSON Schema -> problems
"""
