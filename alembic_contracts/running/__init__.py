"""Alembic's side: a migration context or a command's options in, a report or a refusal out.

The road of every verdict, on which each module hands one value to the next:

    terms             settings and contract files -> Terms
    bases             a git ref -> the terms that were agreed there
    releases          git refs -> what the applications at them use (asked_release: who looks at each, in a copy)
    environments      env.py -> one Run a database (pending: the value)
    first_look        revisions that are about to be applied -> Terms, and what the database has beside its tables
    databases         Terms, Run -> the terms that are about this database
    unheld            Run on a kind of database that is not known -> what is said instead of a verdict
    courses           Run -> Course: the schemas that it goes through (origins: what a database has before; shadow:
                      replayed; replaying: in a process of its own; scratch_observer: what each statement changed and
                      read there)
    rehearsals        Run -> its predictions, where an empty copy of the database can be made (on_a_copy: the scripts
                      run on it once; copy_observer: what each statement changed there; copy_looks: what is there
                      then; batch_copies: whether a row can hinder one)
    kept_predictions  Run -> predictions that were made before: in this process (remembered) or in another one (keys:
                      what they follow from; loaded_code: the files of what scripts import)
    expected          Run -> its Course and Report, and others once its scripts do otherwise than they did before
    release_contracts what a release uses, the schema that it was made for -> a Contract, in no file
    release_verdicts  Course, releases -> what of theirs breaks, added to the Report
    settling          Course with doubts -> the one that a scratch server shows (starts: is it where the run begins?
                      real_schema: what that makes of the real database)
    examination       Course, Terms -> Report
    resulting         what is there at each commit -> Report, of which only what has changed since is judged
    evidence          a source of uses -> what it finds in the project's database
    ledger            a connection -> each commit on it, asked before it happens or found afterwards
    drivers           a connection -> its driver's own commits, and whether it was asked anything that nobody saw
    looking_again     a run that was stopped -> what stays of it in the database
    refusals          Report -> words, and the error that stops Alembic
    report_file       Report -> the file that programs read
    endings           a run that was not stopped -> whether it is committed in the end

Where it begins: guard, watch and upgrade (`alembic upgrade`; hooks: what they rely on in Alembic), check and options
(`check-contracts`), autogenerate, contract_first and stated_tables (`alembic revision`). Beside it: revisions
(Alembic's script directory), script_texts (its version scripts, read and not run), postponed (those that refuse to run
before a day), env_py (its env.py as text), flask_app (what Flask-Migrate's env.py asks for).

What only some runs need is imported when it is needed: a start is most of what a check of a small project costs.
"""
