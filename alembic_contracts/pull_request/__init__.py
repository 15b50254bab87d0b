"""A report in, what a pull request is told out: annotations, a job summary, one comment kept up to date.

comment           a report -> the comment's text
owners            contract files -> their owners by CODEOWNERS
github            the comment's text -> one comment, kept up to date
"""
