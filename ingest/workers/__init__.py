"""Files are read by processes of their own, within limits: one that crashes, hangs or bursts costs itself alone.

The rest of ingestion calls `ingest.workers.pool`. Nothing is imported here, since a worker loads this package, too.
"""
