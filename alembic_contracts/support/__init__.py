"""What any program needs: git, paths, files, the terminal, suggestions.

git               a git ref -> files as they are there
paths             a path -> its name in messages
whole_files       a file's content -> the file, written in one step
suggestions       an unknown word -> the known one that was meant
modules           modules of a package by the names that they have -> what imports those when they are asked for, or
                  while a server is waited for; what is loaded -> what it has, without running anything of it
greenlets         who has called, across greenlets
garbage           a stretch of work, or a process, with fewer looks for cycles
terminal          width, colour, progress, whose output is whose
"""
