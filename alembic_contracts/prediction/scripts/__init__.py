"""Version scripts run on a driver that sends nothing: revisions in, schemas and doubts out.

predict           pending revisions -> predictions
worlds            a way to run in one world -> what they lead to in each
contained, play   one run in one world, in a process of its own
harmless          scripts -> whether they can do without that process
bystanders        a migration context -> whether nobody else has a part in what Alembic and SQLAlchemy do there
recording         the SQL of that run -> operations and doubts
baseline          an observed database -> the catalog to start from, with what its routines can change
isolation, outside, real_drivers    no database, no file, no network while scripts run
refusals, reasons what they are refused, and what that and other errors are called
clock, leftovers  what scripts wait for, and leave to be done later
unseen_code, rows_alone             what a script would do for other rows or errors, as far as that matters
data_calls, syntax                  the names of calls that are known, and pieces of syntax -> what they stand for
names             what the names in a script stand for, and whether rows may decide it
computing         a helper that is imported -> whether it does nothing but compute
catalog_texts     what a catalog says of the SQL in it
loops             the lines that a script is at -> whether a loop there may wait for there being no rows
loading           a script's file -> its module
version_table     Alembic's own table, while scripts run
own_transaction   a migration context -> whether a script ended its transaction
outline, plain_calls                a script's text -> what of it is known without running it
words             a script's code -> what is named in it, and so what it goes by
alone             what a script names -> whether it goes by nothing but its text and the database
traces            the statements that scripts execute -> whether they do the same again
source_lines, batches               the running code -> a line of the script
sql_output        what --sql would write -> the catalog
"""
