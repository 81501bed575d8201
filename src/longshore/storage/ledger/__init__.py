"""The ledger: deliveries, batches, runs, rewrites and tombstones, in SQLite or PostgreSQL.

Nothing here reads landing or the warehouse; callers compare them with the ledger.
"""
