"""Stored expressions in, the texts out that PostgreSQL prints for them, or None where that was not shown to be exact.

texts             what a statement writes -> its text with what is printed; asked for -> the text under this search_path
analysis          parse tree -> typed tree, with the casts that parse analysis adds
operands, calls   operators and functions of it; overloads: which one PostgreSQL takes
conversion        a typed tree and a type -> the tree cast to it
definitions       a constraint or index -> its whole definition
literals          a literal's text -> what its type's output function makes of it
deparsing         typed tree -> text, as ruleutils.c writes it
primitives        the values: typed trees
"""
