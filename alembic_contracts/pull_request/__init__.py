"""A report in, what a pull or merge request is told out: annotations, a job summary, one comment kept up to date.

comment           a report -> the comment's text
owners            contract files -> their owners by CODEOWNERS
github, gitlab    the comment's text -> one comment, kept up to date (rest: how they are asked)
"""
