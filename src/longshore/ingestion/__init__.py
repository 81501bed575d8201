"""The steps of an ingest run, from discovery to the delivery log; `pipeline.py` calls them in order.

Not here: what a text becomes (`text`), and how files, Parquet and ledger are written (`storage`).
"""
