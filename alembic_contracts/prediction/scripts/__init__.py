"""Version scripts run on a driver that sends nothing: revisions in, schemas and doubts out.

predict           pending revisions -> predictions
recording         one run in one world -> operations and doubts
baseline          routines of an observed database -> notes where they may run
isolation, outside                  no database, no file, no network while scripts run
unseen_code, data_calls, syntax     what a script would do for other rows or errors, as far as that matters
loading           scripts that ask for a connection while they are loaded
source_lines      the running code -> a line of the script
sql_output        what --sql would write -> the catalog
"""
