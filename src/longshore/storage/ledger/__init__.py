"""The ledger: the database that remembers deliveries, batches, runs and rewrites.

Parquet files and folders are in `storage/` beside it.
"""
