"""The command line: arguments, one function per command, tables and progress in the terminal.

What a command does is in the packages below; nothing below imports this one.
"""
