"""The text steps: bytes and strings in, frozen values out.

No Prefect, no pyarrow, no clock and no files; reading and storing are `storage/`.
"""
