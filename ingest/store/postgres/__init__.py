"""A knowledge base in PostgreSQL: the truth for many writers, and what serving nodes follow. Extra `postgres`."""
