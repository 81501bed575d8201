"""The steps of a run: which files, which batches, the work on them, and what becomes of the landed files.

Their order is `pipeline.py`; disk and database are `storage/`.
"""
