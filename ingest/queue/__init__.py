"""Ingestion by several workers, on one machine or many, that share a queue in PostgreSQL."""
