"""Put the files of a folder into landing, as any S3 client does."""

import sys
from pathlib import Path

import obstore
from obstore.store import S3Store

landing = S3Store("press", prefix="landing")
for path in sorted(Path(sys.argv[1]).iterdir()):
    obstore.put(landing, path.name, path)
