"""Pure functions over bytes and strings. No Prefect, no pyarrow, no clock, no files."""
