"""Hostile files where a project has its own: how each command takes them.

seeds             a valid project, as texts
mutations         bytes and values -> others, hostile ones among them
inputs            a number -> one input: a project with one file put in the place of a valid one
trials            an input -> what the command made of it, in a child process with limits, and what is wrong with that
"""
