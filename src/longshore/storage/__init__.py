"""Everything that touches a disk or a database: landing, warehouse, ledger, archives and locks.

Nothing here decides what becomes of a file or a text; `ingestion/` and `text/` do.
"""
