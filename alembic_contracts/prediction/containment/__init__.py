"""Code of others in, run in a process of its own that reaches nothing; only what it says comes back.

process           a body -> what it said, and how it ended where that was not by itself: it is watched until then
inside            what that process does: it lets go of what it was a copy of, and runs the body
parting           a place in the body -> copies of the process, that go on from there one after the other
limits            of time and memory
messages          values -> a stream of bytes, and back; the channel of the process to the one that it is a copy of
dumps             a traceback of faulthandler's -> a line
kernel            on Linux: what the process asks its kernel for -> granted, or refused and told
syscalls          the system's calls that leave a trace, by their numbers
"""
