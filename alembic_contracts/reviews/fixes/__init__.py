"""A report in, revisions out that follow its advice: one that expands the schema, one that contracts it later.

remedy_code       a remedy's lines of code -> Alembic's operations, and what undoes them
striking          a version script and lines of it -> the script without the statements there
missing           what contracts state and a schema lacks -> the operations that create it
expanding         a report, a course -> what to strike out, and what comes beside what stays
dropping          contracts that end -> what nobody relies on from a day on, and its end
drafts            operations -> a version script, by Alembic's own template
"""
