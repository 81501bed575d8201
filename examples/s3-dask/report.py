"""Print the records in the bucket, read by Polars: any engine that reads Parquet from S3 will do."""

import polars as pl

records = pl.scan_parquet("s3://press/warehouse/records/**/*.parquet")
columns = ["published_date", "language", "title", "source_path"]
for row in records.select(columns).sort("published_date").collect().iter_rows():
    print(*row, sep="  ")
