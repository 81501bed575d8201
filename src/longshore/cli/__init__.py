"""The command line: arguments, output, `init`, `inspect` and the dry run.

Not here: the work of a command, which is in `pipeline`, `maintenance` and `orchestration`.
"""
