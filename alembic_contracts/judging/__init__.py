"""Does it hold, and if not, what to say: contracts and the schemas of a run in, a report out.

violations        the values: Violation, Notice, Report
rules             one module a rule: does one kind of fact hold, and what to say if not
moments           the schemas of a run -> the states of one table
behind            a table -> all that its rows get into
verdicts          one fact, its moments -> broken, born broken, standing, unproven, kept
remedies          a violation -> the names that its remedy uses
portable          the same on databases other than PostgreSQL
refusal_advice    why a database would refuse a script -> what to do about it
aftermath         what a refused run left in the database -> the sentences that say so
permits           violations -> those that a sunset or waiver permits made warnings
alike             contracts -> groups of them that have one name for each table and column
elsewhere         contracts and the database -> those that are held there alike
shape             two kinds of databases -> how types of the one are compared with the other's
left_out          what a database has nothing like -> what its scripts leave out there
naming            a database of another kind -> the names that contracts have for its tables
merging           reports on several databases -> one
engine            contracts, schemas -> Report: all of the above

What only some runs need is imported when it is needed: a start is most of what a check of a small project costs.
"""
