"""Work on a warehouse between its runs: verify, repair, compact, reprocess, forget, follow changes.

A run itself is `pipeline.py` and `ingestion/`; schedules are `orchestration/`.
"""
