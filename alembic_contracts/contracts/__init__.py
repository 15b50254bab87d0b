"""What consumers rely on: contract files in, contracts with facts and waivers out.

contract          the values: Contract, Fact, Owner, Waiver ...
contract_files    paths of settings -> the contract files at them
linting           the same files -> what is wrong in them, and beside them
formats           one module a format: a file -> contracts, and a table -> a contract's text
waivers           waivers.yaml -> what owners permit to be broken

What only some runs need is imported when it is needed: a start is most of what a check of a small project costs.
"""
