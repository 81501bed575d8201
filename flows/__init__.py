"""Longshore: text files dropped in `landing/` become trustworthy Parquet in `warehouse/`.

Read `pipeline.py`, then `text/normalise.py`: that is the whole story.

text/       pure: bytes in, a record or a named rejection out
storage/    the only code that touches disk, object store or database
upkeep/     what is done to a warehouse after its runs: verify, compact, reprocess, forget
service/    the project on Prefect: schedules, reports, events, metrics, alerts
pipeline    one run, step by step        workers   where its batches run
ingest, compact, serve    the same as Prefect flows, and what runs when
cli, report, settings     what a person types, reads and sets
"""

__version__ = "0.1.0"
