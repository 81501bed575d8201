"""Reads and rewrites archives: zip, tar, and the compressed streams gz, bz2, xz and zst.

Nothing here decides what becomes of a member; `ingestion/` does.
"""
