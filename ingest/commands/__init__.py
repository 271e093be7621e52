"""The commands of `ingest` that stand beside those of `ingest.cli`, the options they share, and what they print."""
