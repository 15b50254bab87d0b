"""What people look at beside the verdict: plan, coverage, changed promises, and pages with all of it.

changes           two schemas -> what has become of the one
plans             what is pending -> each revision's changes, whom it touches, the verdict
consumers         contracts -> who relies on a table or column until when, and what ends soon
coverage          contracts, a schema -> how much of it is under contract
differences       contracts then and now -> promises loosened and tightened
unknown_names     contracts, a schema -> names that it has not, and the nearest ones
fixes             a report -> revisions that follow its advice
site              all of these -> a page a contract, which need no server
"""
