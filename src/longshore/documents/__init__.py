"""Kinds of documents: recognise a file's kind, split it into its documents, take their text out of the format.

Not here: how bytes become characters (`text/`), archives (`storage/archives/`), or where a record goes.
"""
