"""Disk and database: landing, warehouse, Parquet, locks, the ledger and archives.

What a run does with them is `ingestion/`; nothing here knows of the command line or Prefect.
"""
